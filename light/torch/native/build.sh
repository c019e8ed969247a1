#!/usr/bin/env bash
# Builds the native library of light/torch: build.sh OUTPUT.so
# LIBTORCH_HOME names another libtorch than Debian's (a folder with include/ and lib/, for instance a pip package's torch folder).
set -euo pipefail

output=$1
source=$(cd "$(dirname "$0")" && pwd)/torch_dispatch.cpp
compiler=${CXX:-g++}
home=${LIBTORCH_HOME:-}

fail() { echo "$1"; exit 1; }

if [ -n "$home" ]; then
  include=$home/include
  library=$home/lib
  mend="LIBTORCH_HOME=$home has no"
  [ -f "$include/ATen/core/dispatch/Dispatcher.h" ] || fail "$mend include/ATen headers; name a folder that holds libtorch's include/ and lib/, or unset it to use Debian's libtorch."
  [ -f "$library/libtorch_cpu.so" ] || fail "$mend lib/libtorch_cpu.so; name a folder that holds libtorch's include/ and lib/, or unset it to use Debian's libtorch."
else
  include=/usr/include
  [ -f "$include/ATen/core/dispatch/Dispatcher.h" ] || fail "libtorch is missing: apt-get install -y g++ libtorch-dev libopenblas0-pthread (or name another libtorch with LIBTORCH_HOME)."
  library=
fi
command -v "$compiler" > /dev/null || fail "The C++ compiler '$compiler' is missing: apt-get install -y g++ libtorch-dev libopenblas0-pthread"

version_header=$include/torch/csrc/api/include/torch/version.h
number() { sed -n "s/^#define TORCH_VERSION_$1 \([0-9]*\).*/\1/p" "$version_header" "$include/torch/headeronly/version.h" 2> /dev/null | head -n 1 || true; }
major=$(number MAJOR)
minor=$(number MINOR)
standard=c++17
[ "${major:-1}" -ge 2 ] && [ "${minor:-0}" -ge 9 ] && standard=c++20

flags=(-O2 "-std=$standard" -fPIC -shared -fvisibility=hidden -Wall -I"$include/torch/csrc/api/include")
link=()
if [ -n "$home" ]; then
  flags+=(-I"$include")
  link+=(-L"$library" "-Wl,-rpath,$library" -Wl,--allow-shlib-undefined)
  # Wheels before 2.7 were built with the old string ABI.
  if command -v nm > /dev/null && ! nm -D "$library/libc10.so" | grep -q cxx11; then flags+=(-D_GLIBCXX_USE_CXX11_ABI=0); fi
fi
# Nothing of ours refers to the CUDA libraries: they must still be loaded, because they register the CUDA kernels.
if [ -f "${library:-/nonexistent}/libtorch_cuda.so" ]; then link+=(-Wl,--no-as-needed -ltorch_cuda -lc10_cuda); fi
link+=(-Wl,--no-as-needed -ltorch_cpu -lc10 -ldl)

mkdir -p "$(dirname "$output")"
exec 9> "$output.lock"
flock 9
key=$({ cat "$source" "$0"; "$compiler" --version | head -n 1; echo "${flags[*]} ${link[*]}"; stat -Lc '%n %s %Y' "${library:-/usr/lib/$("$compiler" -print-multiarch 2> /dev/null || true)}/libtorch_cpu.so" 2> /dev/null || true; } | sha256sum | cut -d' ' -f1)
if [ -f "$output" ] && [ "$(cat "$output.key" 2> /dev/null)" = "$key" ]; then exit 0; fi

"$compiler" "${flags[@]}" "$source" -o "$output.new" "${link[@]}" 2>&1 || fail "g++ could not build the native part of light/torch; its messages are above."
mv -f "$output.new" "$output"
echo "$key" > "$output.key"
