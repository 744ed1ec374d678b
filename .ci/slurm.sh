#!/bin/sh
# A Slurm of one node for the tests marked `slurm`: `slurm.sh start FOLDER` installs it where apt-get may be used, starts
# it with all its files in FOLDER, an absolute path, and waits for its node; `slurm.sh stop FOLDER` ends it. Where it
# cannot start, the last line says why, and the exit code is 1. Commands reach it with SLURM_CONF=FOLDER/slurm.conf.
set -eu
folder=$2

give_up() { echo "$1"; exit 1; }

stop() {
    export SLURM_CONF="$folder/slurm.conf"
    scancel --user="$(id -un)" 2> /dev/null || true
    for _ in $(seq 30); do  # the daemons would leave what runs
        if [ -z "$(squeue --noheader 2> /dev/null)" ]; then break; fi
        sleep 0.5
    done
    for name in slurmd slurmctld munged; do
        if [ -s "$folder/$name.pid" ]; then kill "$(cat "$folder/$name.pid")" 2> /dev/null || true; fi
    done
}

install() {
    if command -v slurmctld > /dev/null && command -v slurmd > /dev/null && command -v munged > /dev/null; then return; fi
    command -v apt-get > /dev/null || give_up "slurmctld, slurmd and munge are not installed, and there is no apt-get."
    {
        apt-get update &&
            env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends slurmctld slurmd slurm-client munge
    } > "$folder/apt.log" 2>&1 || give_up "slurmctld, slurmd and munge could not be installed: see $folder/apt.log."
}

configure() {
    mkdir -p "$folder/state" "$folder/spool"
    head -c 1024 /dev/urandom > "$folder/munge.key"
    chmod 600 "$folder/munge.key"
    # No cgroups, which a container may not have; a requeued job waits until its credentials have expired.
    cat > "$folder/slurm.conf" << END
ClusterName=pixcon
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=26817
SlurmdPort=26818
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket,cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
MpiDefault=none
ReturnToService=2
KillWait=10
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(getconf _NPROCESSORS_ONLN) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
}

start() {
    host=$(hostname -s)
    [ "$(id -u)" -eq 0 ] || give_up "Slurm's daemons are started as root, and this is $(id -un)."
    mkdir -p "$folder"
    install
    configure
    export SLURM_CONF="$folder/slurm.conf"
    munged --force --key-file "$folder/munge.key" --socket "$folder/munge.socket" --pid-file "$folder/munged.pid" \
        --log-file "$folder/munged.log" --seed-file "$folder/munge.seed" > "$folder/munged.out" 2>&1 ||
        give_up "munged did not start: $(tail -n 1 "$folder/munged.out")"
    slurmctld || give_up "slurmctld did not start: see $folder/slurmctld.log."
    slurmd || give_up "slurmd did not start: see $folder/slurmd.log."
    for _ in $(seq 60); do
        if [ "$(sinfo --noheader --format=%T 2> /dev/null)" = idle ]; then exit 0; fi
        sleep 0.5
    done
    stop
    give_up "Slurm's node did not become ready: $(tail -n 1 "$folder/slurmctld.log")"
}

case $1 in
    start) start ;;
    stop) stop ;;
    *) give_up "slurm.sh start FOLDER, or slurm.sh stop FOLDER" ;;
esac
