# Martlet in a container: the static program that `make static` builds, and an OpenCL for it.
#
#   docker build --tag martlet .                            the CPU, and PoCL, an OpenCL on it
#   docker build --tag martlet:nvidia --target nvidia .     NVIDIA's GPUs: docker run --gpus all
#   docker run --rm martlet devices

FROM swift:6.3-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends \
    make zlib1g-dev libmd-dev libpng-dev libturbojpeg0-dev opencl-headers
WORKDIR /martlet
COPY . .
RUN make static

# What the program needs to start: the C++ library, and the loader that finds drivers.
FROM debian:bookworm-slim AS runtime
RUN apt-get update && apt-get install --yes --no-install-recommends libstdc++6 ocl-icd-libopencl1 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /martlet/.build-static/release/martlet-stripped /usr/local/bin/martlet
WORKDIR /work
ENTRYPOINT ["martlet"]

# The driver's own OpenCL comes from the host with the NVIDIA Container Toolkit, but seldom the file that names it.
FROM runtime AS nvidia
RUN mkdir -p /etc/OpenCL/vendors && echo libnvidia-opencl.so.1 >/etc/OpenCL/vendors/nvidia.icd
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM runtime AS cpu
RUN apt-get update && apt-get install --yes --no-install-recommends pocl-opencl-icd \
    && rm -rf /var/lib/apt/lists/*
