#!/usr/bin/env bash
# A real Trino of two nodes from Maven's jars, because its own archive is not everywhere to be had.
#
# Usage: trino.sh fetch DIR            jars, and a launcher, into DIR (nothing if they are there)
#        trino.sh run DIR STATE NODE   one node in the foreground: `coordinator` or `worker`; needs JAVA, Java 24 or newer
#
# STATE holds what a run writes: settings, the catalog `hive` over the folder STATE/store (`local:///`), metadata.
set -euo pipefail

VERSION=476
PORT=${TRINO_PORT:-18086}
# What a query may take on each node, in MB.
MEMORY=${TRINO_MEMORY:-1000}

project() {
    cat << XML
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>natlens</groupId><artifactId>trino-for-tests</artifactId><version>1</version>
<dependencies><dependency><groupId>io.trino</groupId><artifactId>$1</artifactId><version>$VERSION</version></dependency></dependencies>
</project>
XML
}

fetch() {
    local dir=$1 part
    [ ! -f "$dir/complete-$VERSION" ] || return 0
    rm -rf -- "$dir"
    mkdir -p "$dir/launcher"
    for part in trino-main trino-hive; do
        project "$part" > "$dir/$part.xml"
        mvn --quiet --batch-mode -f "$dir/$part.xml" dependency:copy-dependencies \
            -DincludeScope=runtime -DoutputDirectory="$dir/$part"
    done
    # What Trino's own packaging adds: who the plugin is. And a main class, which the jars do not have.
    mkdir -p "$dir/trino-hive/META-INF/services"
    echo io.trino.plugin.hive.HivePlugin > "$dir/trino-hive/META-INF/services/io.trino.spi.Plugin"
    (cd "$dir/trino-hive" && python3 -m zipfile -c services.jar META-INF && rm -rf META-INF)
    cat > "$dir/launcher/Launch.java" << 'JAVA'
public final class Launch {
    public static void main(String[] args) throws ReflectiveOperationException {
        Class<?> server = Class.forName("io.trino.server.Server");
        server.getMethod("start", String.class).invoke(server.getDeclaredConstructor().newInstance(), args[0]);
    }
}
JAVA
    javac -d "$dir/launcher" "$dir/launcher/Launch.java"
    touch "$dir/complete-$VERSION"
}

run() {
    local dir=$1 state=$2 node=$3 port=$PORT coordinator=true
    [ "$node" = coordinator ] || { coordinator=false; port=$((PORT + 1)); }
    local home=$state/$node
    mkdir -p "$home/catalog" "$home/data" "$state/store" "$home/plugin"
    ln -sfn "$dir/trino-hive" "$home/plugin/hive"
    # Columns are left out in small files, too, as they are in large ones.
    cat > "$home/catalog/hive.properties" << END
connector.name=hive
hive.metastore=file
hive.metastore.catalog.dir=local:///metadata
fs.native-local.enabled=true
local.location=$state/store
hive.non-managed-table-writes-enabled=true
hive.partition-projection-enabled=true
hive.ignore-absent-partitions=true
hive.recursive-directories=true
parquet.small-file-threshold=0B
END
    cat > "$home/config.properties" << END
coordinator=$coordinator
http-server.http.port=$port
discovery.uri=http://127.0.0.1:$PORT
node.internal-address=127.0.0.1
node.bind-ip=127.0.0.1
plugin.dir=$home/plugin
catalog.config-dir=$home/catalog
query.max-memory=$((2 * MEMORY))MB
query.max-memory-per-node=${MEMORY}MB
END
    # The coordinator works too, so that what is left goes on where a worker dies.
    [ "$coordinator" = false ] || echo node-scheduler.include-coordinator=true >> "$home/config.properties"
    # Trino leaves files where it is started.
    cd -- "$home"
    exec "${JAVA:-java}" "-Xmx$((5 * MEMORY / 2))M" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
        --add-opens=java.base/java.nio=ALL-UNNAMED -Dconfig="$home/config.properties" -Dnode.environment=test \
        -Dnode.id="$node" -Dnode.data-dir="$home/data" -cp "$dir/launcher:$dir/trino-main/*" Launch "$VERSION"
}

case ${1:-} in
    fetch) fetch "$2" ;;
    run) run "$2" "$3" "$4" ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
