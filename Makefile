# Martlet's chores. `make demo` goes from a fresh checkout to a trained network.

# What the build cannot do without, and what it can.
PACKAGES := zlib1g-dev libmd-dev libpng-dev libturbojpeg0-dev opencl-headers
# OpenCL is found when a program runs: a loader, and a driver for the processor, on which it is tested; a simulator that
# finds races and overruns; another library's products, to compare with.
OPENCL := ocl-icd-libopencl1 pocl-opencl-icd oclgrind libclblast1
DATASETS := dataset-fashion-mnist
FASHION_MNIST := /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz
SOURCES := Sources Tests Benchmarks Package.swift
MARTLET := .build/release/martlet
STATIC := .build-static/release/martlet

.PHONY: demo build test test-passes fuzz bench bench-peers peers static gpu-bundle install man deps protos format lint clean

demo: deps build
	$(MARTLET) summary --model basic-cnn
	@data=fashion-mnist; \
	if [ ! -e $(FASHION_MNIST) ] && [ -z "$$MARTLET_DATA" ]; then \
	  data=shapes; \
	  echo "Fashion-MNIST is not installed; training on drawn shapes instead."; \
	fi; \
	set -x; \
	$(MARTLET) train --model basic-cnn --data $$data --epochs 5 --output runs/demo
	$(MARTLET) evaluate --run runs/demo --show 5

build:
	swift build -c release

# The kernels and the hot rooms are optimised in debug builds too.
test:
	swift test

# The engine's tests with each pass of the planner off in turn: a quarter of an hour.
test-passes:
	swift build --build-tests
	.ci/passes

# A hundred thousand damaged pictures of each format; FORMATS= for those of all other files too.
FORMATS := PNG,JPEG,PGM
fuzz:
	swift build --build-tests
	MARTLET_MUTATIONS=100000 $(if $(FORMATS),MARTLET_MUTATED=$(FORMATS)) swift test --skip-build --filter MutationTests

bench: build
	for table in peak gemm convolution elements host; do .build/release/martlet-bench $$table; done

# Martlet beside PyTorch, Keras and ONNX Runtime: half an hour on a quiet machine. `make peers` installs those first, and the
# epochs at the end want Fashion-MNIST (`make deps`).
bench-peers: build
	for suite in layers models; do \
	  for threads in 1 2; do Benchmarks/peers/driver.py --suite $$suite --threads $$threads --rounds 3; done; \
	done
	Benchmarks/peers/epochs.py --threads 2

peers:
	Benchmarks/peers/setup.sh

# One file that runs on a machine without Swift.
static:
	swift build -c release --static-swift-stdlib --product martlet --scratch-path .build-static
	strip -o $(STATIC)-stripped $(STATIC)
	@ls -l $(STATIC)-stripped

# A folder for a machine with a GPU driver, and neither Swift nor network: copy it there and run `bash first.sh`.
gpu-bundle:
	swift build -c release --static-swift-stdlib --product martlet-bench --scratch-path .build-static
	Benchmarks/gpu/bundle .build-gpu .build-static/release

# The command with its man page and the shells' completions.
PREFIX ?= /usr/local
install: static man
	install -D $(STATIC)-stripped $(DESTDIR)$(PREFIX)/bin/martlet
	install -D -m 644 .build/man/martlet.1 $(DESTDIR)$(PREFIX)/share/man/man1/martlet.1
	for shell in bash/martlet:bash-completion/completions zsh/_martlet:zsh/site-functions \
	  fish/martlet.fish:fish/vendor_completions.d; do \
	  file=$${shell%%:*}; folder=$(DESTDIR)$(PREFIX)/share/$${shell#*:}; \
	  mkdir -p $$folder; $(STATIC)-stripped --generate-completion-script $${file%%/*} >$$folder/$${file#*/}; \
	done

man:
	mkdir -p .build/man
	swift package --allow-writing-to-package-directory generate-manual --output-directory .build/man

deps:
	@./.ci/deps --required $(PACKAGES) --optional $(OPENCL) $(DATASETS)

# Event.pb.swift out of Event.proto, after a change of it or of swift-protobuf. Needs protoc (protobuf-compiler). The
# generated import of Foundation, for systems without FoundationEssentials, is left out.
PROTOS := Sources/Training/TensorBoard
protos:
	swift build --package-path .build/checkouts/swift-protobuf --scratch-path .build-protos --product protoc-gen-swift
	protoc --plugin=.build-protos/debug/protoc-gen-swift --proto_path=$(PROTOS) --swift_out=$(PROTOS) Event.proto
	sed -i '/^#if canImport(FoundationEssentials)/,/^#endif/c import FoundationEssentials' $(PROTOS)/Event.pb.swift

format:
	swift format --in-place --recursive $(SOURCES)

lint:
	swift format lint --strict --recursive $(SOURCES)

clean:
	rm -rf .build .build-static runs
