#!/bin/sh
# fuzz/run.sh TARGET [libFuzzer's options]: the target with the stable compiler, without cargo-fuzz. Instruments natlens and the target;
# dependencies and their sanitizers are left out. Starts from tests/corpus/TARGET; what it finds lies in fuzz/corpus and fuzz/artifacts.
set -eu
if [ "${1:-}" = --wrap ]; then
    shift
    rustc=$1
    shift
    case " $* " in
    *" --crate-name natlens "* | *" fuzz_targets/"*)
        exec "$rustc" "$@" --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
            -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
            -Cllvm-args=-sanitizer-coverage-trace-compares
        ;;
    *) exec "$rustc" "$@" ;;
    esac
fi
here=$(cd "$(dirname "$0")" && pwd)
target=$1
shift
# The script is its own wrapper: cargo calls it in place of rustc.
wrapper=$(mktemp)
trap 'rm -f "$wrapper"' EXIT
printf '#!/bin/sh\nexec "%s" --wrap "$@"\n' "$here/run.sh" >"$wrapper"
chmod +x "$wrapper"
cd "$here"
cp -n ../Cargo.lock Cargo.lock 2>/dev/null || true
RUSTC_WRAPPER=$wrapper cargo build --release --bin "$target" --config 'profile.release.debug-assertions=true'
mkdir -p "corpus/$target" "artifacts/$target"
"${CARGO_TARGET_DIR:-target}/release/$target" -artifact_prefix="artifacts/$target/" "$@" "corpus/$target" "../tests/corpus/$target"
