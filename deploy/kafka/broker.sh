#!/usr/bin/env bash
# A real Apache Kafka broker for tests and trials: one node, KRaft, loopback only, from Maven Central's jars.
#
#   broker.sh install   fetch the jars (once; about 55 MB)
#   broker.sh start     install, format and start as needed; prints the bootstrap address when it answers
#   broker.sh status    prints the address, or "stopped" with exit code 1
#   broker.sh stop      an orderly stop, at the latest after 30 s
#   broker.sh kill      the end that a power cut would bring (SIGKILL), to test recovery
#   broker.sh wipe      stop and delete the data
#
# Environment:
#   KAFKA_PORT             the plain listener (default 9092)
#   KAFKA_CONTROLLER_PORT  the controller's listener (default KAFKA_PORT+1)
#   KAFKA_SASL_PORT        adds a listener with PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512; the only user is
#                          logproc with the password logproc-secret
#   KAFKA_TLS_PORT         adds a listener with TLS; its self-made authority is KAFKA_DATA/tls/ca.pem
#   KAFKA_DATA             data, log and pid file (default: a folder in the cache, one for each port)
#   KAFKA_HEAP             the JVM's heap (default 768m)
#   KAFKA_AUTO_CREATE      whether clients create topics by asking for them (default true, as in Kafka)
# The cache is ${XDG_CACHE_HOME:-$HOME/.cache}/logproc/kafka. Needs Java 17 or later, Maven for the
# install, openssl for TLS. Settings other than the data folder may change from one start to the next.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/logproc/kafka
jars=$cache/jars-$(cksum <"$here/pom.xml" | cut -d' ' -f1)
port=${KAFKA_PORT:-9092}
controller=${KAFKA_CONTROLLER_PORT:-$((port + 1))}
data=${KAFKA_DATA:-$cache/data-$port}
config=$data/server.properties
user=logproc
password=logproc-secret
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

die() {
  echo "broker.sh: $*" >&2
  exit 1
}

# with_lock FILE COMMAND...: one at a time; the lock goes away with the process that holds it.
with_lock() {
  local file=$1
  shift
  mkdir -p "$(dirname "$file")"
  (
    flock -w 180 9 || die "another broker.sh has held $file for 3 minutes"
    "$@"
  ) 9>"$file"
}

pid() { cat "$data/broker.pid" 2>/dev/null || true; }

# A pid file may outlive its process and its number may be somebody else's by now, so the command line counts.
running() {
  local p
  p=$(pid)
  [[ -n $p && $(ps -o args= -p "$p" 2>/dev/null) == *"kafka.Kafka $config" ]]
}

answers() {
  grep -q 'Kafka Server started' "$data/broker.log" 2>/dev/null && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

# The jars are complete or absent: Maven fills a folder that gets its name only at the end.
install_jars() {
  [[ -d $jars ]] && return
  command -v mvn >/dev/null || die "the install needs Maven (mvn) on PATH"
  local partial=$jars.partial
  rm -rf "$partial"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$partial" >"$cache/maven.log" 2>&1 || {
    tail -n 20 "$cache/maven.log" >&2
    die "Maven could not fetch Kafka's jars: $cache/maven.log"
  }
  mv "$partial" "$jars"
}

make_certificates() {
  local tls=$data/tls
  [[ -e $tls/server.pem ]] && return
  mkdir -p "$tls"
  (
    umask 077
    cd "$tls"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
      -subj '/CN=logproc test authority' -keyout ca.key -out ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
      -subj '/CN=localhost' -keyout server.key -out server.csr
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >server.ext
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 \
      -extfile server.ext -out server.crt
    cat server.key server.crt ca.pem >server.pem
  ) 2>"$data/tls.log" || die "openssl could not make certificates: $data/tls.log"
}

sasl_properties() {
  local modules=org.apache.kafka.common.security
  cat <<PROPS
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl.plain.sasl.jaas.config=$modules.plain.PlainLoginModule required user_$user="$password";
listener.name.sasl.scram-sha-256.sasl.jaas.config=$modules.scram.ScramLoginModule required;
listener.name.sasl.scram-sha-512.sasl.jaas.config=$modules.scram.ScramLoginModule required;
PROPS
}

tls_properties() {
  cat <<PROPS
listener.name.tls.ssl.keystore.type=PEM
listener.name.tls.ssl.keystore.location=$data/tls/server.pem
PROPS
}

write_config() {
  local listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
  local advertised=PLAINTEXT://127.0.0.1:$port
  if [[ -n ${KAFKA_SASL_PORT:-} ]]; then
    listeners+=,SASL://127.0.0.1:$KAFKA_SASL_PORT advertised+=,SASL://127.0.0.1:$KAFKA_SASL_PORT
  fi
  if [[ -n ${KAFKA_TLS_PORT:-} ]]; then
    listeners+=,TLS://127.0.0.1:$KAFKA_TLS_PORT advertised+=,TLS://127.0.0.1:$KAFKA_TLS_PORT
    make_certificates
  fi
  {
    cat <<PROPS
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listeners=$listeners
advertised.listeners=$advertised
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL
log.dirs=$data/log
num.partitions=4
auto.create.topics.enable=${KAFKA_AUTO_CREATE:-true}
# One node: nothing can be replicated, and a group need not wait for members that start together.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
PROPS
    if [[ -n ${KAFKA_SASL_PORT:-} ]]; then sasl_properties; fi
    if [[ -n ${KAFKA_TLS_PORT:-} ]]; then tls_properties; fi
  } >"$config"
}

# SCRAM credentials are part of the formatted storage, so they are there whether or not SASL is on yet.
format_storage() {
  [[ -e $data/log/meta.properties ]] && return
  local id
  id=$("$java" -cp "$jars/*" kafka.tools.StorageTool random-uuid 2>/dev/null)
  "$java" -cp "$jars/*" kafka.tools.StorageTool format --cluster-id "$id" --config "$config" \
    --add-scram "SCRAM-SHA-256=[name=$user,password=$password]" \
    --add-scram "SCRAM-SHA-512=[name=$user,password=$password]" >"$data/format.log" 2>&1 || {
    tail -n 20 "$data/format.log" >&2
    die "the storage could not be formatted: $data/format.log"
  }
}

launch() {
  local heap=${KAFKA_HEAP:-768m}
  : >"$data/broker.log"
  # Descriptor 9 is the lock; a broker that inherited it would hold it for life.
  nohup "$java" -Xms"$heap" -Xmx"$heap" -XX:+UseG1GC -Dorg.slf4j.simpleLogger.defaultLogLevel=info \
    -cp "$jars/*" kafka.Kafka "$config" >"$data/broker.log" 2>&1 </dev/null 9>&- &
  echo $! >"$data/broker.pid"
}

start() {
  with_lock "$cache/install.lock" install_jars
  if ! running; then
    write_config
    format_storage
    launch
  fi
  local deadline=$((SECONDS + 90))
  until answers; do
    # Not `running`: between fork and exec the new process does not have its own command line yet.
    if ! kill -0 "$(pid)" 2>/dev/null; then
      tail -n 20 "$data/broker.log" >&2
      die "the broker ended while starting: $data/broker.log"
    fi
    ((SECONDS < deadline)) || die "the broker did not answer within 90 s: $data/broker.log"
    sleep 0.1
  done
  echo "127.0.0.1:$port"
}

# end SIGNAL SECONDS: signals the broker and waits until it is gone.
end() {
  running || return 0
  kill "-$1" "$(pid)"
  local deadline=$((SECONDS + $2))
  while running && ((SECONDS < deadline)); do sleep 0.1; done
  ! running
}

stop() {
  end TERM 30 || end KILL 10 || die "process $(pid) does not end"
  rm -f "$data/broker.pid"
}

wipe() {
  stop
  rm -rf "$data/log" "$data/tls"
}

usage() { sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

case ${1:-} in
install) with_lock "$cache/install.lock" install_jars ;;
start | stop | wipe) with_lock "$data/lock" "$1" ;;
kill) with_lock "$data/lock" end KILL 10 ;;
status)
  if running && answers; then echo "127.0.0.1:$port"; else
    echo stopped
    exit 1
  fi
  ;;
*)
  usage >&2
  exit 2
  ;;
esac
