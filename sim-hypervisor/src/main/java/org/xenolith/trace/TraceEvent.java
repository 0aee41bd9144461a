package org.xenolith.trace;

import java.util.List;

/**
 * The events that a Xen 4.17 trace buffer can hold: number, name and payload.
 *
 * <p>The numbers and layouts are those of Xen's {@code public/trace.h} and of its schedulers. The nested classes hold
 * the numbers as constants, for code that emits or looks for an event; {@link #of(int)} finds the description of a
 * number, for code that prints one.
 *
 * @param id the event number: class (bits 16-27), subclass (12-15) and number (0-11)
 * @param name the event's name, as {@code xenalyze} prints it where it does
 * @param fields the payload, in the order of its words; a record with fewer words lacks the last fields
 */
public record TraceEvent(int id, String name, List<TraceField> fields) {
    /** Mask of the class and subclass bits that select everything. */
    public static final int ALL_CLASSES = 0x0ffff000;

    /** The domain number that stands for the idle domain in a trace. */
    public static final int IDLE_DOMAIN = 0x7fff;

    /** The buffers' own events. */
    public static final class Gen {
        public static final int CLASS = 0x0001f000;
        /** Records were lost: count, first-lost vCPU, time stamp of the first loss (two words). */
        public static final int LOST_RECORDS = 0x0001f001;
        /** Padding up to the end of the ring; its words mean nothing. */
        public static final int WRAP_PADDING = 0x0001f002;
        /** What follows is another pCPU's: number of the pCPU, length of its window in bytes. */
        public static final int CPU_CHANGE = 0x0001f003;

        public static final int TRACE_IRQ = 0x0001f004;

        private Gen() {}
    }

    /** What every scheduler emits; words are domain, vCPU, ... each its own word, but for the first two. */
    public static final class Sched {
        public static final int CLASS = 0x0002f000;
        /** The subclass that a runstate change and a continuation stand in: the least that says who ran when. */
        public static final int MINIMAL_CLASS = 0x00021000;

        public static final int PER_SCHEDULER_CLASS = 0x00022000;
        public static final int VERBOSE_CLASS = 0x00028000;

        /** Runstate change, without its old and new state: see {@link TraceEvent#runstateChange}. One packed vCPU. */
        public static final int RUNSTATE_CHANGE = 0x00021001;
        /** The vCPU that ran goes on running after a decision. One packed vCPU. */
        public static final int CONTINUE_RUNNING = 0x00021002;

        public static final int DOM_ADD = 0x00028001;
        public static final int DOM_REM = 0x00028002;
        public static final int SLEEP = 0x00028003;
        public static final int WAKE = 0x00028004;
        public static final int YIELD = 0x00028005;
        public static final int BLOCK = 0x00028006;
        public static final int SHUTDOWN = 0x00028007;
        public static final int CTL = 0x00028008;
        public static final int ADJDOM = 0x00028009;
        /** Domain and vCPU that ran, domain and vCPU that shall run. */
        public static final int SWITCH = 0x0002800a;

        public static final int S_TIMER_FN = 0x0002800b;
        public static final int T_TIMER_FN = 0x0002800c;
        public static final int DOM_TIMER_FN = 0x0002800d;
        /** Domain, vCPU, nanoseconds that it ran. */
        public static final int SWITCH_INFPREV = 0x0002800e;
        /** Domain, vCPU, nanoseconds that it waited, nanoseconds that it may run (-1: no limit). */
        public static final int SWITCH_INFNEXT = 0x0002800f;

        public static final int SHUTDOWN_CODE = 0x00028010;
        /** Domain, vCPU, nanoseconds that it ran, nanoseconds that it may go on. */
        public static final int SWITCH_INFCONT = 0x00028011;

        private Sched() {}
    }

    /** The credit scheduler's own events. */
    public static final class Credit {
        public static final int TASKLET = 0x00022001;
        public static final int ACCOUNT_START = 0x00022002;
        public static final int ACCOUNT_STOP = 0x00022003;
        public static final int STOLEN_VCPU = 0x00022004;
        public static final int PICKED_CPU = 0x00022005;
        public static final int TICKLE = 0x00022006;
        public static final int BOOST_START = 0x00022007;
        public static final int BOOST_END = 0x00022008;
        public static final int SCHEDULE = 0x00022009;
        public static final int RATELIMIT = 0x0002200a;
        public static final int STEAL_CHECK = 0x0002200b;

        private Credit() {}
    }

    /** The credit2 scheduler's own events. */
    public static final class Credit2 {
        public static final int TICK = 0x00022201;
        public static final int RUNQ_POS = 0x00022202;
        public static final int BURN = 0x00022203;
        public static final int CREDIT_ADD = 0x00022204;
        public static final int TICKLE_CHECK = 0x00022205;
        public static final int TICKLE = 0x00022206;
        public static final int CREDIT_RESET = 0x00022207;
        public static final int TASKLET = 0x00022208;
        public static final int UPDATE_LOAD = 0x00022209;
        public static final int RUNQ_ASSIGN = 0x0002220a;
        public static final int UPDATE_UNIT_LOAD = 0x0002220b;
        public static final int UPDATE_RUNQ_LOAD = 0x0002220c;
        public static final int TICKLE_NEW = 0x0002220d;
        public static final int MAX_WEIGHT = 0x0002220e;
        public static final int MIGRATE = 0x0002220f;
        public static final int LOAD_CHECK = 0x00022210;
        public static final int LOAD_BALANCE = 0x00022211;
        public static final int PICKED_CPU = 0x00022213;
        public static final int CANDIDATE = 0x00022214;
        public static final int SCHEDULE = 0x00022215;
        public static final int RATELIMIT = 0x00022216;
        public static final int CANDIDATE_CHECK = 0x00022217;

        private Credit2() {}
    }

    /** The real-time deferrable-server scheduler's own events. */
    public static final class Rtds {
        public static final int TICKLE = 0x00022801;
        public static final int RUNQ_PICK = 0x00022802;
        public static final int BURN = 0x00022803;
        /** Six words: packed vCPU, padding, deadline, budget (xenalyze 4.17 takes it for five). */
        public static final int REPLENISH = 0x00022804;

        public static final int TASKLET = 0x00022805;
        public static final int SCHEDULE = 0x00022806;

        private Rtds() {}
    }

    /** The null scheduler's own events. */
    public static final class Null {
        public static final int PICKED_CPU = 0x00022a01;
        public static final int ASSIGN = 0x00022a02;
        public static final int DEASSIGN = 0x00022a03;
        public static final int MIGRATE = 0x00022a04;
        public static final int SCHEDULE = 0x00022a05;
        public static final int TASKLET = 0x00022a06;

        private Null() {}
    }

    /** Domain creation and destruction. */
    public static final class Dom0 {
        public static final int CLASS = 0x0004f000;
        public static final int DOMAIN_CREATE = 0x00041001;
        public static final int DOMAIN_DESTROY = 0x00041002;

        private Dom0() {}
    }

    /** HVM and PVH guests: entries, exits and their handlers. */
    public static final class Hvm {
        public static final int CLASS = 0x0008f000;
        public static final int ENTRY_EXIT_CLASS = 0x00081000;
        public static final int HANDLER_CLASS = 0x00082000;
        public static final int EMULATION_CLASS = 0x00084000;
        /** Set in the number of an event whose addresses are 64 bits wide. */
        public static final int ADDRESSES_64 = 0x100;
        /** Set in the number of an event of a nested guest. */
        public static final int NESTED = 0x400;

        public static final int VMENTRY = 0x00081001;
        public static final int VMEXIT = 0x00081002;
        public static final int VMEXIT_64 = 0x00081102;
        public static final int INJ_EXC = 0x00082003;
        public static final int INJ_VIRQ = 0x00082004;
        public static final int MSR_READ = 0x0008200c;
        public static final int MSR_WRITE = 0x0008200d;
        public static final int CPUID = 0x0008200e;
        public static final int INTR = 0x0008200f;
        public static final int VMMCALL = 0x00082012;
        public static final int HLT = 0x00082013;
        public static final int IOPORT_READ = 0x00082016;
        public static final int MMIO_READ = 0x00082017;
        public static final int INTR_WINDOW = 0x00082020;
        public static final int IOPORT_WRITE = 0x00082216;
        public static final int MMIO_WRITE = 0x00082217;

        private Hvm() {}
    }

    /** Grants, the p2m and populate-on-demand. */
    public static final class Mem {
        public static final int CLASS = 0x0010f000;
        public static final int GRANT_MAP = 0x0010f001;
        public static final int GRANT_UNMAP = 0x0010f002;
        public static final int GRANT_TRANSFER = 0x0010f003;
        public static final int SET_P2M_ENTRY = 0x0010f004;
        public static final int DECREASE_RESERVATION = 0x0010f005;
        public static final int POD_POPULATE = 0x0010f010;
        public static final int POD_ZERO_RECLAIM = 0x0010f011;
        public static final int POD_SUPERPAGE_SPLINTER = 0x0010f012;

        private Mem() {}
    }

    /** PV guests: hypercalls, traps and emulation. */
    public static final class Pv {
        public static final int CLASS = 0x0020f000;
        /** Set in the number of an event whose addresses are 64 bits wide. */
        public static final int ADDRESSES_64 = 0x100;

        public static final int HYPERCALL_V1 = 0x00201001;
        public static final int TRAP = 0x00201003;
        public static final int PAGE_FAULT = 0x00201004;
        public static final int FORCED_INVALID_OP = 0x00201005;
        public static final int EMULATE_PRIVOP = 0x00201006;
        public static final int EMULATE_4GB = 0x00201007;
        public static final int MATH_STATE_RESTORE = 0x00201008;
        public static final int PAGING_FIXUP = 0x00201009;
        public static final int GDT_LDT_MAPPING_FAULT = 0x0020100a;
        public static final int PTWR_EMULATION = 0x0020100b;
        public static final int PTWR_EMULATION_PAE = 0x0020100c;
        /** Number of the hypercall in the low 20 bits, two bits per argument above it, then the arguments recorded. */
        public static final int HYPERCALL = 0x0020100d;
        /** As {@link #HYPERCALL}, for a call inside a multicall. */
        public static final int HYPERCALL_SUBCALL = 0x0020200e;

        private Pv() {}
    }

    /** Hardware: power management and interrupts. */
    public static final class Hw {
        public static final int CLASS = 0x0080f000;
        public static final int FREQUENCY_CHANGE = 0x00801001;
        public static final int IDLE_ENTRY = 0x00801002;
        public static final int IDLE_EXIT = 0x00801003;
        public static final int IRQ_MOVE_CLEANUP_DELAY = 0x00802001;
        public static final int IRQ_MOVE_CLEANUP = 0x00802002;
        public static final int IRQ_BIND_VECTOR = 0x00802003;
        public static final int IRQ_CLEAR_VECTOR = 0x00802004;
        public static final int IRQ_MOVE_VECTOR = 0x00802005;
        public static final int IRQ_ASSIGN_VECTOR = 0x00802006;
        public static final int IRQ_UNMAPPED_VECTOR = 0x00802007;
        public static final int IRQ_HANDLED = 0x00802008;

        private Hw() {}
    }

    /** Runstate of a vCPU on a pCPU. */
    public static final int RUNSTATE_RUNNING = 0;
    /** Runstate of a vCPU that waits for a pCPU. */
    public static final int RUNSTATE_RUNNABLE = 1;
    /** Runstate of a vCPU that waits for an event. */
    public static final int RUNSTATE_BLOCKED = 2;
    /** Runstate of a vCPU that is paused, capped, or not up. */
    public static final int RUNSTATE_OFFLINE = 3;

    private static final String[] RUNSTATES = {"running", "runnable", "blocked", "offline"};

    /** Copies the fields. */
    public TraceEvent {
        fields = List.copyOf(fields);
    }

    /** Number of the event that says a vCPU went from one runstate to another, both 0 to 3. */
    public static int runstateChange(int oldState, int newState) {
        return Sched.RUNSTATE_CHANGE | (oldState << 8) | (newState << 4);
    }

    /** Whether {@code event} is a runstate change, whatever its states. */
    public static boolean isRunstateChange(int event) {
        return (event & ~0x330) == Sched.RUNSTATE_CHANGE;
    }

    /** The runstate that the vCPU of a runstate change left, 0 to 3. */
    public static int oldRunstate(int event) {
        return (event >>> 8) & 3;
    }

    /** The runstate that the vCPU of a runstate change entered, 0 to 3. */
    public static int newRunstate(int event) {
        return (event >>> 4) & 3;
    }

    /** The word for a runstate, in lower case as in Xen's tools. */
    public static String runstateName(int runstate) {
        return RUNSTATES[runstate];
    }

    /** The word that names a vCPU in most records: vCPU in the low half, domain in the high half. */
    public static int packVcpu(int domain, int vcpu) {
        return (domain << 16) | (vcpu & 0xffff);
    }

    /** The domain in a word made by {@link #packVcpu}, 0 to 65535. */
    public static int domainOf(int packed) {
        return packed >>> 16;
    }

    /** The vCPU number in a word made by {@link #packVcpu}, 0 to 65535. */
    public static int vcpuOf(int packed) {
        return packed & 0xffff;
    }

    /** Whether Xen, told to trace {@code mask}, records {@code event}: class and subclass must both meet it. */
    public static boolean isSelected(int event, int mask) {
        return (event & mask & 0x0fff0000) != 0 && (event & mask & 0x0000f000) != 0;
    }

    /** The description of event {@code id}, or null for a number that Xen 4.17 does not use. */
    public static TraceEvent of(int id) {
        return TraceEventTable.find(id);
    }

    /** Every known event, in the order of its number. */
    public static List<TraceEvent> all() {
        return TraceEventTable.all();
    }

    /** Short name of the class that {@code event} belongs to, for counts: {@code sched}, {@code pv}, ... */
    public static String className(int event) {
        return switch ((event >>> 16) & 0xfff) {
            case 0x001 -> "gen";
            case 0x002 -> "sched";
            case 0x004 -> "dom0op";
            case 0x008 -> "hvm";
            case 0x010 -> "mem";
            case 0x020 -> "pv";
            case 0x040 -> "shadow";
            case 0x080 -> "hw";
            case 0x800 -> "guest";
            default -> "unknown";
        };
    }
}
