#!/usr/bin/env bash
# All tests of natlens, from a fresh clone: needs Rust (rust-version in Cargo.toml) and Python 3.11; Spark, which tries the DDL, a
# Java 17, and Trino, which tries the roll-up, Maven and a JDK.
# Read by people and by .ci/run. Honours CARGO_TARGET_DIR and NATLENS_VENV; leaves nothing in the clone but target/ and .venv/.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

# The README's command for sample-data/, but for the folder that it names at the end.
SAMPLE_COMMAND=(simulate --scenario sample --to)

# One profile for the tests and for the binary that the checks below run, so that the dependencies are compiled once. `dev`,
# because from nothing that takes three minutes on two cores, against eleven for `release`, and the checks' input is small:
# the profiles differ in speed, not in a byte of output. NATLENS_TEST_PROFILE=release tries the binary that users build.
TARGET=${CARGO_TARGET_DIR:-target}
VENV=${NATLENS_VENV:-.venv}
# Engines that run the roll-up's SQL: a venv of their own beside it, and Trino's jars.
ENGINES=$VENV-engines
TRINO=$VENV-trino
case ${NATLENS_TEST_PROFILE:-dev} in
    dev) RELEASE='' BINARY=$TARGET/debug/natlens ;;
    release) RELEASE=--release BINARY=$TARGET/release/natlens ;;
    *) echo 'error: NATLENS_TEST_PROFILE is dev or release' >&2; exit 2 ;;
esac

S3S_VERSION=0.14.1
S3S=$TARGET/s3s-fs-$S3S_VERSION

# What the README's picture shows.
PICTURE=("$BINARY" 55 report sample-data)

STAGE=
SCRATCH=$(mktemp -d)
trap '[ -z "$STAGE" ] || printf "== %s: FAILED\n" "$STAGE" >&2; rm -rf -- "$SCRATCH"' EXIT

# What a developer's shell says about natlens must not decide a test.
for name in "${!NATLENS_@}"; do
    unset "$name"
done
# What is compared is worked out, and nothing of it is left in the user's cache.
export NATLENS_NO_CACHE=true

stage() {
    STAGE=$1
    local start=$SECONDS
    shift
    printf '\n== %s\n' "$STAGE" >&2
    # Not `"$@" || ...`, which would switch `set -e` off inside the functions below.
    "$@"
    printf '== %s: ok, %d s\n' "$STAGE" "$((SECONDS - start))" >&2
    STAGE=
}

# The user's own settings must not show in what is compared; pip keeps its.
natlens() {
    XDG_CONFIG_HOME=$SCRATCH "$BINARY" "$@"
}

# 200 kills of a reading run, where `cargo test` by itself makes 20.
cargo_tests() {
    NATLENS_TEST_KILLS=200 cargo test --locked --quiet ${RELEASE:+"$RELEASE"}
}

# What other processors than x86-64 run, held by the reader's own tests. Only this crate is compiled again.
without_vector_instructions() {
    cargo test --locked --quiet ${RELEASE:+"$RELEASE"} --features portable --lib -- sources::
}

binary() {
    cargo build --locked --quiet ${RELEASE:+"$RELEASE"} --bin natlens
    natlens --version
}

# What measures is no test; that it would notice a wrong answer is.
comparison() {
    python3 -B -m unittest discover --quiet -s benches
}

# A venv with the pinned packages of a list. The stamp is written last: a venv that was interrupted is made again.
venv() {
    local venv=$1 list=$2
    if ! cmp -s "$list" "$venv/requirements.stamp"; then
        python3 -m venv --clear "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$list"
        cp "$list" "$venv/requirements.stamp"
    fi
}

python_packages() {
    venv "$VENV" tools/requirements.txt
    venv "$VENV-notebooks" notebooks/requirements.txt
    venv "$ENGINES" tools/requirements-engines.txt
}

rollup() {
    "$ENGINES/bin/python" tools/check_rollup.py "$BINARY" --engines duckdb,datafusion
}

# A few accounts each, because they are slow: what is special about these engines is how they plan, not what they count.
sail() {
    RUST_LOG=error SAIL_MODE=local-cluster "$ENGINES/bin/python" -W ignore tools/check_rollup.py "$BINARY" \
        --engines sail --only 'nat|v2|two-logs|vpc-hour|hub'
}

trino_jars() {
    local missing=()
    command -v mvn > /dev/null || missing+=(maven)
    command -v javac > /dev/null || missing+=(default-jdk-headless)
    if [ "${#missing[@]}" -gt 0 ]; then
        if [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; then
            apt-get install --yes --no-install-recommends "${missing[@]}" > /dev/null
        else
            echo "error: ${missing[*]} is missing; hint: install Debian's package of that name" >&2
            return 1
        fi
    fi
    bash tools/trino.sh fetch "$TRINO"
}

trino() {
    "$ENGINES/bin/python" tools/check_rollup.py "$BINARY" --engines trino --trino "$TRINO" --dataset sample-data \
        --only 'nat|nat-parquet|two-logs|vpc|row-groups'
}

sample_data() {
    natlens "${SAMPLE_COMMAND[@]}" "$SCRATCH/sample-data"
    diff -r sample-data "$SCRATCH/sample-data" || {
        echo "sample-data/ is not what \`natlens ${SAMPLE_COMMAND[*]} sample-data\` writes" >&2
        return 1
    }
}

schema() {
    natlens report --json-schema > "$SCRATCH/schema.json"
    natlens report sample-data --format json > "$SCRATCH/report.json"
    "$VENV/bin/python" tools/check_schema.py "$SCRATCH/schema.json" "$SCRATCH/report.json"
}

readme() {
    "$VENV/bin/python" tools/check_readme.py "$BINARY" README.md
    "$VENV/bin/python" tools/make_picture.py "${PICTURE[@]}" | diff -q - docs/report.svg || {
        echo "docs/report.svg is out of date: python3 tools/make_picture.py ${PICTURE[*]} > docs/report.svg" >&2
        return 1
    }
}

# A second S3 server, which checks signatures. A build folder of its own, which cargo removes: nothing of it serves natlens.
s3_server() {
    [ -x "$S3S/bin/s3s-fs" ] ||
        env -u CARGO_TARGET_DIR cargo install s3s-fs --version "$S3S_VERSION" --locked --features binary --debug --root "$S3S" --quiet
}

# Beside the scripted server of `cargo test`, two that others wrote.
s3() {
    XDG_CONFIG_HOME=$SCRATCH "$VENV/bin/python" tools/check_s3.py "$BINARY" sample-data "$S3S/bin/s3s-fs"
}

tls() {
    XDG_CONFIG_HOME=$SCRATCH "$VENV/bin/python" tools/check_tls.py "$BINARY" sample-data
}

collect() {
    "$VENV/bin/python" tools/check_collect.py "$BINARY"
}

export_() {
    "$VENV/bin/python" tools/check_export.py "$BINARY" sample-data
}

# Spark is larger than all other packages together, and has a folder of its own: they change more often.
ddl() {
    local spark=$VENV/spark
    java -version > "$SCRATCH/java" 2>&1 || { echo 'error: Spark needs Java; hint: install a Java 17 runtime' >&2; return 1; }
    if ! cmp -s tools/requirements-spark.txt "$spark/requirements.stamp"; then
        python3 -m venv --clear "$spark"
        "$spark/bin/python" -m pip install --quiet --disable-pip-version-check -r tools/requirements-spark.txt
        cp tools/requirements-spark.txt "$spark/requirements.stamp"
    fi
    "$spark/bin/python" tools/check_ddl.py "$BINARY" sample-data
}

# Athena's API by a fake of ours, whose statements DuckDB runs.
athena() {
    XDG_CONFIG_HOME=$SCRATCH "$VENV/bin/python" tools/check_athena.py "$BINARY"
}

notebooks() {
    XDG_CONFIG_HOME=$SCRATCH PATH=$VENV-notebooks/bin:$PATH python tools/check_notebooks.py "$BINARY" sample-data
}

stage 'cargo test' cargo_tests
stage 'the reader without vector instructions' without_vector_instructions
stage 'binary' binary
stage 'the comparison notices wrong answers' comparison
stage 'python packages' python_packages
stage 'sample-data is what the command writes' sample_data
stage 'JSON report against its schema' schema
stage 's3s-fs' s3_server
stage 'a bundle in S3' s3
stage 'TLS and a proxy' tls
stage 'README shows what natlens prints' readme
stage 'collect writes what boto3 reads from moto' collect
stage 'exported files in pyarrow, DuckDB and Polars' export_
stage 'the DDL in Spark' ddl
stage 'the roll-up by Athena' athena
stage 'notebooks run' notebooks
stage 'the roll-up on DuckDB and DataFusion' rollup
stage 'the roll-up on Sail' sail
stage "Trino's jars" trino_jars
stage 'the roll-up on Trino' trino
printf '\nall tests passed in %d s\n' "$SECONDS" >&2
