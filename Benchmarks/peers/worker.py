"""What the workers share: the protocol and the clock.

A worker is started with --threads N --cases FILE, prints {"ready": name, "version": v}, and answers each line
  {"case": name, "pass": "fwd|fwdbwd|train|infer", "repeats": R, "budget": seconds}      with one line
  {"case", "pass", "median_s", "min_s", "runs"}  or  {"case", "pass", "skip": reason}.
With "memory": steps instead of repeats the answer has "peak_bytes", by how much so many training steps let the process
grow from before the network was made. The cases come from `martlet-bench cases`: shapes are channels last, `pad` is Keras's.
"""
import argparse, ctypes, gc, json, os, statistics, sys, time


def arguments(required="--cases"):
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(required, required=True)
    options = parser.parse_args()
    # Before a framework is imported: some read these only once.
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = str(options.threads)
    os.environ.update(TF_NUM_INTEROP_THREADS="1", TF_CPP_MIN_LOG_LEVEL="2")
    return options


def measure(run, repeats, budget):
    """The same rules as Martlet's (Benchmarks/Serve.swift)."""
    run()
    start = time.perf_counter()
    run()
    once = time.perf_counter() - start
    end = time.perf_counter() + min(0.2, budget / 4)
    while time.perf_counter() < end:
        run()
    bunch = max(1, int(0.002 / max(once, 1e-7)))
    times, start = [], time.perf_counter()
    while len(times) < repeats and (len(times) < 3 or time.perf_counter() < start + budget):
        before = time.perf_counter()
        for _ in range(bunch):
            run()
        times.append((time.perf_counter() - before) / bunch)
    return {"median_s": statistics.median(times), "min_s": min(times), "runs": len(times)}


def resident(name):
    """A line of the kernel's account of this process, in bytes."""
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name + ":"))


def growth(make, steps):
    """What a network's training takes; the same rules as Martlet's (Benchmarks/Memory.swift)."""
    make({"model": "resnet20", "x": [2, 32, 32, 3], "classes": 10})()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = resident("VmRSS")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    run = make(None)
    for _ in range(steps):
        run()
    return {"peak_bytes": resident("VmHWM") - before}


def serve(name, version, options, layer, network):
    """`layer` and `network` make a function of no arguments from a case and a pass, or None for what there is not."""
    cases = {case["name"]: case for case in json.load(open(options.cases))}
    print(json.dumps({"ready": name, "version": version}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"case": request["case"], "pass": request["pass"]}
        try:
            case = cases[request["case"]]
            if "memory" in request:
                answer.update(growth(lambda other: network(other or case, "train"), request["memory"]))
                print(json.dumps(answer), flush=True)
                continue
            run = (network if "model" in case else layer)(case, request["pass"])
            if run is None:
                answer["skip"] = "not available"
            else:
                answer.update(measure(run, request.get("repeats", 15), request.get("budget", 2)))
        except Exception as error:
            answer["skip"] = f"{type(error).__name__}: {error}"[:200]
        print(json.dumps(answer), flush=True)


def same_pads(size, kernel, stride=1, dilation=1):
    """Keras's `same` along one axis: the pads before and after; an odd one is larger at the end."""
    total = max(0, (-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return total // 2, total - total // 2


def pads(case):
    """The pads before and after each spatial axis of a case."""
    if case.get("pad") != "same":
        return [(0, 0)] * len(case["k"])
    return [same_pads(*axis) for axis in
            zip(case["x"][1:-1], case["k"], case["s"], case.get("d", [1] * len(case["k"])))]
