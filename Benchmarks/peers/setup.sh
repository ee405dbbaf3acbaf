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
install pt --extra-index-url https://download.pytorch.org/whl/cpu \
  torch==2.13.0+cpu onnx==1.23.2 onnxruntime==1.31.1 numpy safetensors
