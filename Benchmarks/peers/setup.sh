#!/usr/bin/env bash
# Makes the two virtual environments that the other frameworks run in, under $MARTLET_PEERS (default
# ~/.cache/martlet-peers): TensorFlow with Keras in tf, PyTorch and ONNX Runtime in pt. About 4 GB; needs Python 3.11 or
# later with pip. What is there already stays.
set -euo pipefail
folder=${MARTLET_PEERS:-$HOME/.cache/martlet-peers}
mkdir -p "$folder"

install() {
  local environment=$folder/$1
  shift
  [ -x "$environment/bin/python" ] || python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet "$@"
}
install tf tensorflow-cpu==2.21.0 keras==3.15.1
# PyTorch's own index has builds for processors alone, a tenth of the size of PyPI's, which do the same.
others="onnx==1.23.2 onnxruntime==1.31.1 numpy safetensors"
install pt --retries 0 --extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0+cpu $others ||
  install pt torch==2.13.0 $others
