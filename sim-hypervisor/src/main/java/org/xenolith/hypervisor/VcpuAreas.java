package org.xenolith.hypervisor;

import java.util.List;

/**
 * What a vCPU's guest is told of time without a hypercall: system time in its {@code vcpu_info} and, if it asks, in a second copy; its
 * runstates, in an area at a linear address it registers; and the periodic timer. All are brought up to date when the vCPU is put on a pCPU
 * and the runstates also when it leaves. As {@code update_vcpu_system_time} and {@code update_runstate_area} of Xen 4.17.
 */
final class VcpuAreas {
    /** Bytes of a {@code vcpu_runstate_info}. */
    static final int RUNSTATE_INFO = 48;

    private static final int STATE_ENTRY_TIME = 8;
    private static final int TIMES = 16;

    /** Bit of {@code vm_assist}: say in the area when it is being updated. */
    private static final long ASSIST_UPDATE_FLAG = 1L << 5;

    private static final int UPDATING = 0x80;

    private static final List<Runstate> STATES = List.of(Runstate.values());

    private final Hypervisor hypervisor;
    private final Vcpu vcpu;
    private final PvClock clock;
    private final GuestStruct time = new GuestStruct(PvClock.TIME_INFO);
    private final GuestStruct runstate = new GuestStruct(RUNSTATE_INFO);
    private final byte[] flag = new byte[1];

    /** Linear address of the runstate area; 0 for none. */
    private long runstateArea;

    /** Linear address of the second copy of the time; 0 for none. */
    private long timeArea;

    private XenTimer periodic;
    private long period;
    private long lastTick;

    VcpuAreas(Hypervisor hypervisor, Vcpu vcpu) {
        this.hypervisor = hypervisor;
        this.vcpu = vcpu;
        this.clock = new PvClock(hypervisor.clock().hertz());
    }

    /** The vCPU was put on a pCPU. */
    void switchedIn() {
        if (vcpu.registers() != null) {
            updateTime();
        }
        updateRunstate();
        if (period != 0) {
            tick();
        }
    }

    /** The vCPU left its pCPU. */
    void switchedOut() {
        updateRunstate();
        if (period != 0) {
            periodic.stop();
        }
    }

    /** Writes system time, as of now. */
    void updateTime() {
        long tsc = hypervisor.time();
        clock.fill(time, tsc, hypervisor.clock().toNanos(tsc));
        vcpu.sharedInfo().setTime(vcpu.id(), time);
        if (timeArea != 0) {
            vcpu.arch.enterKernelMemory();
            if (vcpu.memory().read(timeArea, runstate.bytes(), Integer.BYTES)) {
                time.put32(0, (runstate.int32(0) + 1 | 1) + 1);
                time.store(vcpu, timeArea, PvClock.TIME_INFO);
            }
            vcpu.arch.leaveKernelMemory();
        }
    }

    /** From now on time is written at linear address {@code area} too; 0 for nowhere. */
    void setTimeArea(long area) {
        timeArea = area;
        updateTime();
    }

    /** From now on runstates are written at linear address {@code area}; 0 for nowhere. */
    void setRunstateArea(long area, Vcpu caller) {
        runstateArea = area;
        if (area != 0) {
            fill(runstate, vcpu != caller);
            runstate.store(caller, area, RUNSTATE_INFO);
        }
    }

    /** Fills a {@code vcpu_runstate_info}; {@code upToNow} also with the time since the last change. */
    void fill(GuestStruct info, boolean upToNow) {
        info.put32(0, vcpu.runstate().ordinal());
        info.put32(4, 0);
        info.put64(STATE_ENTRY_TIME, vcpu.stateEntryNanos());
        for (int i = 0; i < STATES.size(); i++) { // no iterator: this happens at each switch
            Runstate state = STATES.get(i);
            long cycles = vcpu.cyclesBeforePresent(state);
            if (upToNow && state == vcpu.runstate()) {
                cycles += vcpu.presentCycles();
            }
            info.put64(TIMES + Long.BYTES * i, hypervisor.clock().toNanos(cycles));
        }
    }

    private void updateRunstate() {
        if (runstateArea == 0) {
            return;
        }
        vcpu.arch.enterKernelMemory();
        fill(runstate, false);
        boolean flagged = (vcpu.domain().assists & ASSIST_UPDATE_FLAG) != 0;
        if (flagged) {
            runstate.put8(STATE_ENTRY_TIME + 7, UPDATING);
        }
        runstate.store(vcpu, runstateArea, RUNSTATE_INFO);
        if (flagged) {
            flag[0] = 0;
            vcpu.memory().write(runstateArea + STATE_ENTRY_TIME + 7, flag, 1);
        }
        vcpu.arch.leaveKernelMemory();
    }

    /** Raises VIRQ_TIMER each {@code nanos} ns while the vCPU runs; 0 ends that. */
    void setPeriod(long nanos) {
        if (periodic == null) {
            periodic = new XenTimer(hypervisor, vcpu.pcpu(), now -> tick());
        }
        periodic.stop();
        period = nanos;
        if (period != 0 && vcpu.isOnPcpu()) {
            tick();
        }
    }

    /** Raises the timer's event if it is due, and waits for the next; as {@code vcpu_periodic_timer_work}. */
    private void tick() {
        long now = hypervisor.nowNanos();
        if (now >= lastTick + period) {
            hypervisor.events().raiseTimer(vcpu);
            lastTick = now;
        }
        periodic.migrate(vcpu.pcpu());
        periodic.set(lastTick + period);
    }

    /** The domain has ended. */
    void stop() {
        if (periodic != null) {
            periodic.stop();
        }
    }
}
