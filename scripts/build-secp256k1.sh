#!/usr/bin/env bash
# Builds vendor/secp256k1.wasm: libsecp256k1's C sources, as a pinned crate of the Rust registry carries them,
# with our own vendor/*.c, by Debian's clang. The same sources and compiler give the same bytes.
#   scripts/build-secp256k1.sh           writes vendor/secp256k1.wasm and vendor/secp256k1.json
#   scripts/build-secp256k1.sh --check   builds into a temporary folder and compares with vendor/
set -euo pipefail
cd "$(dirname "$0")/.."

crate=secp256k1-sys
version=0.14.1
crate_sha256=f6b2992d4a3cd244539a7d5d0966aadbe5ca7fb868a5d7e38c29499b9e709bbd
library="libsecp256k1 0.8.0"
clang_version=14.0.6

for file in "$(command -v clang-14)" "$(command -v wasm-ld-14)" "$(command -v cargo)" /usr/include/wasm32-wasi/string.h \
  "/usr/lib/llvm-14/lib/clang/$clang_version/lib/wasi/libclang_rt.builtins-wasm32.a"; do
  if [ ! -e "$file" ]; then
    echo "build-secp256k1: install the tools first: apt-get install clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32 cargo" >&2
    exit 1
  fi
done
if ! clang-14 --version | grep -q "version $clang_version"; then
  echo "build-secp256k1: needs clang $clang_version (Debian 12), other versions give other bytes" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A throw-away package whose only dependency is the crate makes cargo fetch it, from wherever this machine's
# cargo is configured to look.
mkdir -p "$work/fetch/src"
touch "$work/fetch/src/lib.rs"
cat >"$work/fetch/Cargo.toml" <<TOML
[package]
name = "fetch"
version = "0.0.0"
edition = "2021"
[dependencies]
$crate = "=$version"
TOML
cargo fetch --quiet --manifest-path "$work/fetch/Cargo.toml"
archive=$(find "${CARGO_HOME:-$HOME/.cargo}/registry/cache" -name "$crate-$version.crate" | head -n 1)
echo "$crate_sha256  $archive" | sha256sum --check --quiet
tar -xzf "$archive" -C "$work"

# The crate prefixes every symbol with its own name; ours is the only copy here, so give it its names back.
source="$work/$crate-$version/depend/secp256k1"
find "$source" -name '*.[ch]' -exec sed -i -E 's/rustsecp256k1_v[0-9]+_[0-9]+_/secp256k1_/g' {} +

cp vendor/*.c vendor/*.h "$work"
cd "$work"
flags=(
  --target=wasm32-wasi -O3 -std=gnu99 -Wall -Wextra -Wno-unused-function -Wno-unused-parameter
  -fvisibility=hidden -ffile-prefix-map="$work"=.
)
curve_flags=(
  -I"$source" -I"$source/src" -I"$source/include"
  -msimd128 -DECMULT_WINDOW_SIZE=8 -DCOMB_BLOCKS=11 -DCOMB_TEETH=6 -DUSE_FORCE_WIDEMUL_INT64=1
  -DUSE_EXTERNAL_DEFAULT_CALLBACKS=1 -DSECP256K1_NO_API_VISIBILITY_ATTRIBUTES=1 "-Dprintf(...)="
  -DENABLE_MODULE_EXTRAKEYS=1 -DENABLE_MODULE_SCHNORRSIG=1 -DENABLE_MODULE_ELLSWIFT=1
)
clang-14 "${flags[@]}" -mbulk-memory -c module.c -o module.o
clang-14 "${flags[@]}" -msimd128 -c hash.c -o hash.o
clang-14 "${flags[@]}" "${curve_flags[@]}" -c curve.c -o curve.o
clang-14 "${flags[@]}" "${curve_flags[@]}" -c "$source/src/precomputed_ecmult.c" -o tables.o
clang-14 "${flags[@]}" "${curve_flags[@]}" -c "$source/src/precomputed_ecmult_gen.c" -o tables-gen.o
clang-14 --target=wasm32-wasi -nostartfiles -o secp256k1.wasm module.o hash.o curve.o tables.o tables-gen.o \
  -Wl,--no-entry -Wl,--export-dynamic -Wl,--strip-all -Wl,--stack-first -Wl,-z,stack-size=65536
cd - >/dev/null

hash=$(sha256sum "$work/secp256k1.wasm" | cut -d ' ' -f 1)
cat >"$work/secp256k1.json" <<JSON
{
  "library": "$library",
  "crate": "$crate $version",
  "crateSha256": "$crate_sha256",
  "compiler": "clang $clang_version",
  "wasmSha256": "$hash"
}
JSON

for file in secp256k1.wasm secp256k1.json; do
  if [ "${1:-}" = --check ]; then
    cmp "$work/$file" "vendor/$file"
  else
    install -m 644 "$work/$file" "vendor/$file"
  fi
done
echo "secp256k1.wasm $(stat -c %s "$work/secp256k1.wasm") bytes, sha256 $hash"
