#!/usr/bin/env python3
"""Times Martlet and other frameworks in turn, case by case, and prints a Markdown table.

  driver.py --suite layers --threads 2 [--rounds 3] [--cases REGEX] [--peers torch,keras,onnx]

A case is given to one worker after another, round after round, so that a disturbance falls on all of them; each one's
best median counts. On a machine that others use too, medians mostly measure the others: `--statistic min` takes the best
run of each. Threads that wait by spinning, as PyTorch's do, lose the most there. Needs only the standard library; `setup.sh` makes the environments of the others.
"""
import argparse, datetime, json, os, re, shlex, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENTS = os.environ.get("MARTLET_PEERS", os.path.expanduser("~/.cache/martlet-peers"))
KEPT_BLOCKS = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "8589934592"}
PEERS = {"torch": ("pt", "worker_torch.py", KEPT_BLOCKS), "keras": ("tf", "worker_keras.py", {}),
         "onnx": ("pt", "worker_onnx.py", {})}


class Worker:
    def __init__(self, name, command, environment, log):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                        env={**os.environ, **environment})
        self.ready = self.read() or sys.exit(f"{name} did not start; see {log.name}")

    def read(self):
        """The next line that is JSON, or None at the end; frameworks like to talk."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)

    def ask(self, request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            return self.read() or {"skip": "the worker ended"}
        except BrokenPipeError:
            return {"skip": "the worker ended"}


def log(name):
    return open(os.path.join(tempfile.gettempdir(), f"martlet-peer-{name}.log"), "w")


def start(options, cases):
    shared = ["--threads", str(options.threads), "--cases", cases]
    workers = [Worker("martlet", [*shlex.split(options.martlet), "serve", *shared], {}, log("martlet"))]
    for name in filter(None, options.peers.split(",")):
        folder, script, environment = PEERS[name]
        python = os.path.join(ENVIRONMENTS, folder, "bin", "python")
        workers.append(Worker(name, [python, os.path.join(HERE, script), *shared], environment, log(name)))
    return workers


def best_answers(workers, request, rounds, key):
    """The best answer of each worker; its "seconds" are the statistic that counts."""
    best = {}
    for _ in range(rounds):
        for worker in workers:
            if "skip" in best.get(worker.name, {}):
                continue
            answer = worker.ask(request)
            if key in answer:
                answer["seconds"] = answer[key]
            if worker.name not in best or answer.get("seconds", 1e9) < best[worker.name].get("seconds", 1e9):
                best[worker.name] = answer
    return best


def milliseconds(answer):
    value = answer.get("seconds", 0) * 1e3
    return "" if "skip" in answer else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def gflop(case, which):
    """Forward and both gradients are three times the work of forward."""
    return case["gflop"] * (3 if which == "fwdbwd" else 1)


def table_row(case, which, workers, best):
    """Milliseconds of each worker; Martlet's speed as a multiple of the fastest other one's."""
    others = [answer["seconds"] for name, answer in best.items() if name != "martlet" and "seconds" in answer]
    own = best["martlet"].get("seconds")
    ratio = f"{min(others) / own:.2f}" if own and others else ""
    gflops = f"{gflop(case, which) / own:.0f}" if own and "gflop" in case else ""
    return f"| {case['name']} {which} | " + " | ".join([milliseconds(best[w.name]) for w in workers] + [ratio, gflops]) + " |"


def heading(options, workers):
    run = lambda *command: subprocess.run(command, capture_output=True, text=True, cwd=HERE).stdout.strip()
    commit = run("git", "rev-parse", "--short", "HEAD") + ("+" if run("git", "status", "--porcelain") else "")
    load = os.getloadavg()[0]
    versions = ", ".join(f"{w.name} {w.ready['version']}" for w in workers)
    return (f"## {options.suite}, {options.threads} thread{'s' if options.threads > 1 else ''}\n\n"
            f"{datetime.date.today()}, commit {commit}; {workers[0].ready['runsOn']}; {versions}. "
            f"Best {'median' if options.statistic == 'median' else 'run'} of {options.rounds} interleaved "
            f"round{'s' if options.rounds > 1 else ''}; load at the start {load:.1f}. "
            "Milliseconds; then Martlet's speed as a multiple of the fastest other one, and its GFLOP/s.\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", default="layers", choices=["layers", "models"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--statistic", default="median", choices=["median", "min"])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--budget", type=float, default=0.8, help="seconds of timed runs for a case")
    parser.add_argument("--cases", default=".", help="a regular expression on their names")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--martlet", default=os.path.join(HERE, "../../.build/release/martlet-bench"))
    options = parser.parse_args()

    listing = [*shlex.split(options.martlet), "cases"] + (["--models"] if options.suite == "models" else [])
    table = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(table)
        file.flush()
        workers = start(options, file.name)
    print(heading(options, workers))
    print("| case | " + " | ".join([w.name for w in workers] + ["ratio", "GFLOP/s"]) + " |")
    print("|---|" + "--:|" * (len(workers) + 2), flush=True)
    skipped = []
    for case in json.loads(table):
        if not re.search(options.cases, case["name"]):
            continue
        for which in case["passes"]:
            request = {"case": case["name"], "pass": which, "repeats": options.repeats, "budget": options.budget}
            best = best_answers(workers, request, options.rounds, options.statistic + "_s")
            print(table_row(case, which, workers, best), flush=True)
            skipped += [f"{name} {case['name']} {which}: {answer['skip']}" for name, answer in best.items()
                        if answer.get("skip", "not available") != "not available"]
    if skipped:
        print("\nNot done: " + "; ".join(skipped) + ".")
    for worker in workers:
        worker.process.stdin.close()
        worker.process.wait()


if __name__ == "__main__":
    main()
