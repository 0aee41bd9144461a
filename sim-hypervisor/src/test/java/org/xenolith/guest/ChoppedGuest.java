package org.xenolith.guest;

import org.xenolith.engine.RandomStream;
import org.xenolith.hypervisor.Guest;
import org.xenolith.hypervisor.GuestExit;
import org.xenolith.hypervisor.GuestMemory;
import org.xenolith.hypervisor.Physmap;
import org.xenolith.hypervisor.SharedInfo;
import org.xenolith.hypervisor.VcpuPort;

/** Runs another guest in budgets of at most {@code chunk} cycles, and may hide that it promises a lookahead. */
final class ChoppedGuest implements Guest {
    private final Guest guest;
    private final long chunk;
    private final boolean blind;
    private long offset;

    ChoppedGuest(Guest guest, long chunk, boolean blind) {
        this.guest = guest;
        this.chunk = chunk;
        this.blind = blind;
    }

    @Override
    public long lookahead() {
        return blind ? 0 : guest.lookahead();
    }

    @Override
    public long run(long budget, GuestExit exit) {
        offset = 0;
        do {
            long part = Math.min(chunk, budget - offset);
            offset += guest.run(part, exit);
        } while (exit.reason == GuestExit.Reason.BUDGET && offset < budget);
        long used = offset;
        offset = 0;
        return used;
    }

    @Override
    public void complete(long result) {
        guest.complete(result);
    }

    @Override
    public void upcall() {
        guest.upcall();
    }

    @Override
    public void fault(int vector, int errorCode, long address) {
        guest.fault(vector, errorCode, address);
    }

    @Override
    public void attach(VcpuPort port) {
        guest.attach(new VcpuPort() {
            @Override
            public long tsc() {
                return port.tsc() + offset;
            }

            @Override
            public int domainId() {
                return port.domainId();
            }

            @Override
            public int vcpuId() {
                return port.vcpuId();
            }

            @Override
            public int vcpuCount() {
                return port.vcpuCount();
            }

            @Override
            public GuestMemory memory() {
                return port.memory();
            }

            @Override
            public Physmap physmap() {
                return port.physmap();
            }

            @Override
            public SharedInfo sharedInfo() {
                return port.sharedInfo();
            }

            @Override
            public long systemTimeNanos(long tsc) {
                return port.systemTimeNanos(tsc);
            }

            @Override
            public long cycles(long nanos) {
                return port.cycles(nanos);
            }

            @Override
            public RandomStream random(String purpose) {
                return port.random(purpose);
            }
        });
    }
}
