package org.xenolith.hypervisor;

/** Two booted domains side by side, and hypercalls of the first from structures at address {@link #AT} of its memory. */
final class BootedCalls {
    static final int AT = 0x2000;
    static final int PAGES = 16;

    final Hypervisor hypervisor = Machines.withFrames(1, 512, null, 0);
    final Domain domain;
    final Domain other;
    final Vcpu vcpu;

    BootedCalls(Domain.Type type) {
        domain = Machines.booted(hypervisor, 1, type, PAGES, new FakeBootedGuest(), new FakeBootedGuest());
        other = Machines.booted(hypervisor, 2, type, PAGES, new FakeBootedGuest());
        vcpu = domain.vcpus().get(0);
    }

    long call(int number, long... arg) {
        long[] all = new long[6];
        System.arraycopy(arg, 0, all, 0, arg.length);
        return hypervisor.hypercalls().dispatchUnrecorded(vcpu, number, all);
    }

    long call(Vcpu caller, int number, long... arg) {
        long[] all = new long[6];
        System.arraycopy(arg, 0, all, 0, arg.length);
        return hypervisor.hypercalls().dispatchUnrecorded(caller, number, all);
    }

    private static int machine(Domain domain, long address) {
        return (domain.physmap().mfn(address >> 12) << 12) + (int) (address & 0xfff);
    }

    void put64(Domain whose, long address, long value) {
        hypervisor.frames().memory().put64(machine(whose, address), value);
    }

    void put32(Domain whose, long address, int value) {
        hypervisor.frames().memory().put32(machine(whose, address), value);
    }

    void put16(Domain whose, long address, int value) {
        hypervisor.frames().memory().put16(machine(whose, address), value);
    }

    long get64(Domain whose, long address) {
        return hypervisor.frames().memory().get64(machine(whose, address));
    }

    int get32(Domain whose, long address) {
        return hypervisor.frames().memory().get32(machine(whose, address));
    }

    int get16(Domain whose, long address) {
        return hypervisor.frames().memory().get16(machine(whose, address));
    }
}
