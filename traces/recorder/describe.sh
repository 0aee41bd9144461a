# What is told of a recording: part of record, which sources it. Reads what dom0 wrote, checks it, and makes the description.

# What a workload does, in words.
workload_words() {
    local what=$1 vcpus=$2 numbers
    IFS=: read -r -a numbers <<<"$what"
    case $what in
        spin)
            if [ "$vcpus" = 1 ]; then
                echo "backlogged: loops over two instructions for ever"
            else
                echo "backlogged: a thread on each of its $vcpus vCPUs loops over two instructions for ever"
            fi
            ;;
        period:*) echo "periodic: $(micros "${numbers[1]}") of work, then a timer sleep of $(micros "${numbers[2]}"), for ever" ;;
        io:*)
            echo "reads 4 KiB from a disk that dom0 serves, works for $(micros "${numbers[1]}"), sleeps on a timer for" \
                "$(micros "${numbers[2]}"), for ever"
            ;;
        forkjoin:*)
            echo "starts a thread on each of its $vcpus vCPUs, each of $(micros "${numbers[1]}") of work, joins them, works" \
                "alone for $(micros "${numbers[2]}"), for ever"
            ;;
        *) die "unknown work '$what'" ;;
    esac
}

# Microseconds in words.
micros() {
    if [ $(($1 % 1000)) = 0 ]; then echo "$(($1 / 1000)) ms"; else echo "$1 us"; fi
}

# What ended in the window, in words: pieces WORK COUNT
pieces_words() {
    case $1 in
        period:*) echo "; it finished $2 times in the steady window" ;;
        io:*) echo "; $2 reads were answered in the steady window" ;;
        forkjoin:*) echo "; it joined $2 times in the steady window" ;;
    esac
}

# Seconds, to the microsecond, of nanoseconds.
seconds() {
    awk -v nanos="$1" 'BEGIN { printf "%.6f", nanos / 1e9 }'
}

# Percent of one pCPU of a domain between the two readings: share CPUTIME DOMAIN
share() {
    awk -v domain="$2" '
        / mono_ns=/ { split($0, part, "="); reading++; at[reading] = part[2] }
        $1 == domain { sum[reading] += $4 }
        END { printf "%.4f", 100 * (sum[2] - sum[1]) / (at[2] - at[1]) }' "$1"
}

version_of() {
    dpkg-deb -f "$(echo "$work"/debs/"$1"_*.deb)" Version
}

# Checks a run and makes of it the compressed trace, its description and its provenance: finish PLACE RUN
finish() {
    local at=$1 run=$2 trace=$1/result/$2.trc account=$1/result/$2.cputime.txt first from to before after records lost
    mapfile -t stamps < <(sed -n 's/^#tsc //p' "$account")
    before=${stamps[0]} after=${stamps[1]}
    "$work/tools/survey" "$trace" "$before" "$after" >"$at/$run.survey" || die "$folder/$run: the trace is not complete"
    first=$(sed -n 's/^first //p' "$at/$run.survey")
    records=$(sed -n 's/^records //p' "$at/$run.survey")
    lost=$(sed -n 's/^lost //p' "$at/$run.survey")
    [ "$lost" = 0 ] || die "$folder/$run: Xen lost $lost records; nothing is kept of this run"
    from=$(seconds $((before - first)))
    to=$(seconds $((after - first)))
    agree "$at" "$run" $((after - before))
    xz -9e -c "$trace" >"$at/made/$run.trc.xz"
    describe "$at" "$run" "$from" "$to" >"$at/made/$run.yaml"
    provenance "$at" "$run" "$records" >"$at/made/$run.provenance.txt"
}

# Refuses a run whose shares by the trace are not those of the hypervisor's account: agree PLACE RUN CYCLES
agree() {
    local domain traced counted points=$POINTS
    [ "$pcpus" = 1 ] || points=$POINTS_OF_SEVERAL
    for domain in $(seq 0 ${#domains[@]}); do
        traced=$(awk -v domain="$domain" -v length_="$3" '$1 == "ran" && $2 == domain { ran = $3 }
            END { printf "%.4f", 100 * ran / length_ }' "$1/$2.survey")
        counted=$(share "$1/result/$2.cputime.txt" "$domain")
        awk -v a="$traced" -v b="$counted" -v points="$points" 'BEGIN { exit !(a - b < points && b - a < points) }' \
            || die "$folder/$2: domain $domain ran $traced % by the trace, $counted % by the hypervisor's account; nothing is kept"
    done
}

describe_domain() {
    local at=$1 run=$2 id=$3 name=$4 work_=${value[$4,work]:-} words pieces reservation guest
    local vcpus=${value[$4,vcpus]:-1}
    if [ "$id" = 0 ]; then
        words="nearly idle: runs the recorder"
        for guest in ${value[$run,guests]}; do
            [ -z "${value[$guest,disk]:-}" ] || words="runs the recorder, and serves ${guest}'s disk from its memory"
        done
        reservation=$dom0_reservation
    elif [[ " ${value[$run,guests]} " == *" $name "* ]]; then
        pieces=$(awk -v guest="$name" '$2 == guest { print $3 }' "$at/result/$run.pieces.txt")
        words=$(workload_words "$work_" "$vcpus")$(pieces_words "$work_" "$pieces")
        reservation=$(of "$run" "$name" reservation 10000/4000/0)
    else
        words="paused for the whole run"
        reservation=$(of "$run" "$name" reservation 10000/4000/0)
    fi
    printf '  - id: %s\n    name: %s\n    vcpus: %s\n' "$id" "$name" "$vcpus"
    if [ "$scheduler" = rtds ]; then
        IFS=/ read -r period budget extra <<<"$reservation"
        printf '    rtds: {periodMicros: %s, budgetMicros: %s, extratime: %s}\n' "$period" "$budget" \
            "$([ "$extra" = 1 ] && echo true || echo false)"
    else
        printf '    weight: %s\n    cap: %s\n' "$(of "$run" "$name" weight 256)" "$(of "$run" "$name" cap 0)"
    fi
    printf '    workload: "%s"\n    measuredPercent: %s\n' "$words" "$(share "$at/result/$run.cputime.txt" "$id")"
}

# The description: describe PLACE RUN FROM TO
describe() {
    local at=$1 run=$2 id=0 name two='' xen kernel
    xen=$(sed -n 's/^xen_version *: //p' "$at/result/xl-info.txt")
    kernel=$(sed -n 's/^release *: //p' "$at/result/xl-info.txt")
    [ "$pcpus" = 1 ] || two=" $pcpus pCPUs take turns on one clock, so timer interrupts come up to some milliseconds late:
order and decisions are real, lengths of slices are not."
    printf 'title: "%s: %s"\nprovenance: >-\n' "$scheduler" "${value[$run,title]}"
    fold -s -w 110 <<<"Recorded for this project on $(date +%F) by traces/recorder/record with xentrace under QEMU $(qemu_version) \
software emulation, -icount shift=1: every instruction takes 2 ns of virtual time.${two//$'\n'/ } Dom0 and guests run Debian's \
Linux $kernel; the shares are the hypervisor's own account of CPU time, read before and after the steady window." \
        | sed 's/^/  /;s/ *$//'
    printf 'hypervisor: "Xen %s (%s)"\nscheduler:\n  name: %s\n' "$xen" "$hypervisor_words" "$scheduler"
    [ -z "$parameters" ] || printf '  parameters: {%s}\n' "$(sed 's/  */, /g;s/=/: /g' <<<"$parameters")"
    printf 'costs: qemu-icount\ntscHz: 1000000000\npcpus: %s\nsteady: {from: %s, to: %s}\ndomains:\n' "$pcpus" "$3" "$4"
    for name in Domain-0 "${domains[@]}"; do
        describe_domain "$at" "$run" "$id" "$name"
        id=$((id + 1))
    done
}

qemu_version() {
    qemu-system-x86_64 --version | sed -n 's/.*version \([0-9]*\.[0-9]*\).*/\1/p'
}

# What this recording was made of and how: provenance PLACE RUN RECORDS
provenance() {
    local at=$1 run=$2 deb
    echo "recorded: $(date +%F) by traces/recorder/record $folder/$run"
    printf 'records: %s, none lost\n' "$3"
    echo "trace: sha256 $(sha256sum <"$at/result/$run.trc" | cut -d' ' -f1) before compression"
    echo "qemu: $(qemu-system-x86_64 --version | head -n 1)"
    echo "compiler: $(gcc --version | head -n 1)"
    echo "command: ${command_line[*]@Q}"
    for part in xen vmlinux dom0.cpio; do
        echo "part: $part, sha256 $(sha256sum <"$at/$part" | cut -d' ' -f1)"
    done
    for deb in "$work"/debs/*.deb; do
        echo "package: $(dpkg-deb -W --showformat='${Package} ${Version}' "$deb"), sha256 $(sha256sum <"$deb" | cut -d' ' -f1)"
    done
}
