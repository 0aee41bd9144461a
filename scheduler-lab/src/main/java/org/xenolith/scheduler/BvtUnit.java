package org.xenolith.scheduler;

import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.SchedUnit;

/** What {@link Bvt} keeps of a unit. Virtual times are in 256ths of Xen's. */
final class BvtUnit {
    /** Parts of a unit of virtual time that are told apart. */
    static final long SCALE = 256;

    /** Least time that is charged, ns. */
    private static final long CHARGING_UNIT = 100_000;

    /** Virtual time that {@link #CHARGING_UNIT} costs a unit of weight 256. */
    private static final long DEFAULT_ADVANCE = 10;

    final SchedUnit unit;

    /** Actual virtual time. */
    long avt;

    /** Virtual time that {@link #CHARGING_UNIT} costs. */
    long advance;

    /** System time up to which it is charged, while it runs. */
    long since;

    boolean queued;
    boolean warping;
    private boolean mayWarp;
    private long warpValue;
    private long warpLimit;
    private long unwarpTime;
    private long warpedSince;
    private long unwarpedSince = Long.MIN_VALUE / 2;

    BvtUnit(SchedUnit unit) {
        this.unit = unit;
        adjust();
    }

    /** Takes over the domain's parameters. */
    void adjust() {
        long given = unit.parameter("mcu_advance");
        int weight = unit.domain().weight();
        advance = given > 0 ? given * SCALE : Math.max(1, DEFAULT_ADVANCE * SCALE * Domain.DEFAULT_WEIGHT / weight);
        mayWarp = unit.parameter("warpback") == 1;
        warpValue = unit.parameter("warpvalue") * SCALE;
        warpLimit = unit.parameter("warpl_ms") * 1_000_000;
        unwarpTime = unit.parameter("warpu_ms") * 1_000_000;
        warping &= mayWarp;
    }

    /** Charges it for having run up to {@code now}. */
    void charge(long now) {
        avt = avtAfterRunning(now);
        since = now;
        if (warping && now - warpedSince >= warpLimit) {
            endWarp(now);
        }
    }

    private long avtAfterRunning(long now) {
        return avt + (now - since + CHARGING_UNIT - 1) / CHARGING_UNIT * advance;
    }

    /** Effective virtual time. */
    long evt(long now) {
        return avt - (isWarped(now) ? warpValue : 0);
    }

    /** Effective virtual time once it has been charged for running up to {@code now}. */
    long evtAfterRunning(long now) {
        return avtAfterRunning(now) - (isWarped(now) ? warpValue : 0);
    }

    private boolean isWarped(long now) {
        return warping && now - warpedSince < warpLimit;
    }

    /** Warps, if it may and has gone without for long enough. */
    void startWarp(long now) {
        if (mayWarp && !warping && now - unwarpedSince >= unwarpTime) {
            warping = true;
            warpedSince = now;
        }
    }

    /** Warps no more. Only who used up the limit must go without. */
    void endWarp(long now) {
        if (warping) {
            warping = false;
            if (now - warpedSince >= warpLimit) {
                unwarpedSince = now;
            }
        }
    }

    /** For how long it may still run warped, ns; for ever if it does not. */
    long warpLeft(long now) {
        return isWarped(now) ? warpedSince + warpLimit - now : Long.MAX_VALUE;
    }
}
