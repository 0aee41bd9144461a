package org.xenolith.hypervisor;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.machine.LittleEndian;

/** A guest that issues the hypercalls it is told to, ten cycles apart, and notes what comes back; then it computes. */
final class ScriptedGuest implements Guest {
    /** One hypercall; the structure is written to address 0 first. */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    record Call(int number, long op, byte[] structure, long... more) {}

    final List<Long> results = new ArrayList<>();
    final List<byte[]> structures = new ArrayList<>();
    final List<Long> upcallTimes = new ArrayList<>();
    final FlatMemory memory = new FlatMemory(4096);
    private final List<Call> script;
    VcpuPort port;
    private int next;
    private long work = 10;

    ScriptedGuest(Call... script) {
        this.script = List.of(script);
    }

    static Call call(int number, long op, int... words) {
        byte[] structure = new byte[4 * words.length];
        for (int i = 0; i < words.length; i++) {
            LittleEndian.put32(structure, 4 * i, words[i]);
        }
        return new Call(number, op, structure);
    }

    @Override
    public void attach(VcpuPort vcpuPort) {
        port = vcpuPort;
    }

    @Override
    public long lookahead() {
        return next < script.size() ? work : FOREVER;
    }

    @Override
    public long run(long budget, GuestExit exit) {
        if (next == script.size() || budget < work) {
            work -= next == script.size() ? 0 : budget;
            exit.budget();
            return budget;
        }
        Call call = script.get(next);
        memory.write(0, call.structure, call.structure.length);
        exit.hypercall(call.number, call.op, call.more.length > 0 ? call.more[0] : 0, 0);
        if (call.number == Abi.HYPERVISOR_VCPU_OP) {
            exit.arg[1] = port.vcpuId();
            exit.arg[2] = 0;
        }
        long used = work;
        work = 0;
        return used;
    }

    @Override
    public void complete(long result) {
        results.add(result);
        byte[] structure = new byte[script.get(next).structure.length];
        memory.read(0, structure, structure.length);
        structures.add(structure);
        next++;
        work = 10;
    }

    int port(int call, int offset) {
        return LittleEndian.get32(structures.get(call), offset);
    }

    @Override
    public void upcall() {
        upcallTimes.add(port.tsc());
        SharedInfo shared = port.sharedInfo();
        shared.setUpcallPending(port.vcpuId(), false);
        long selector = shared.takePendingSelector(port.vcpuId());
        for (int word = 0; word < Long.SIZE; word++) {
            if ((selector >>> word & 1) != 0) {
                shared.takePending(word, -1);
            }
        }
        shared.setUpcallMask(port.vcpuId(), false);
    }

    @Override
    public void fault(int vector, int errorCode, long address) {
        throw new IllegalStateException("no faults here");
    }
}
