package org.xenolith.hypervisor;

import java.util.Arrays;

/**
 * The local APIC of a hardware-virtualised vCPU, as the one that Xen emulates: reached through its page of memory or, in x2APIC mode, its
 * MSRs. After {@code arch/x86/hvm/vlapic.c} of Xen 4.17; the registers are those of AMD's and Intel's manuals. There is no I/O APIC.
 *
 * <p>A register is known by its offset in the page; MSR 0x800 + n is that of offset 16 n.
 */
final class Vlapic {
    static final int ID = 0x20;
    static final int VERSION = 0x30;
    static final int TASK_PRIORITY = 0x80;
    static final int PROCESSOR_PRIORITY = 0xa0;
    static final int EOI = 0xb0;
    static final int LOGICAL_DESTINATION = 0xd0;
    static final int DESTINATION_FORMAT = 0xe0;
    static final int SPURIOUS = 0xf0;
    static final int IN_SERVICE = 0x100;
    static final int TRIGGER_MODE = 0x180;
    static final int REQUESTED = 0x200;
    static final int ERROR_STATUS = 0x280;
    static final int COMMAND = 0x300;
    static final int COMMAND_HIGH = 0x310;
    static final int TIMER = 0x320;
    static final int ERROR_VECTOR = 0x370;
    static final int INITIAL_COUNT = 0x380;
    static final int CURRENT_COUNT = 0x390;
    static final int DIVIDE = 0x3e0;
    static final int SELF_IPI = 0x3f0;

    /** First MSR of x2APIC mode, and one past the last. */
    static final int MSRS = 0x800;

    static final int MSRS_END = 0x900;

    /** Bits of the APIC base MSR. */
    private static final long BASE_BOOT = 1 << 8;

    private static final long BASE_X2APIC = 1 << 10;
    private static final long BASE_ENABLED = 1 << 11;
    private static final long BASE_ADDRESS = 0xff_ffff_f000L;
    private static final long DEFAULT_ADDRESS = 0xfee00000L;
    private static final int PAGE = 0x1000;

    private static final int SOFTWARE_ENABLED = 1 << 8;
    private static final int MASKED = 1 << 16;
    private static final int VERSION_VALUE = 0x50014;
    private static final int LOWEST_VECTOR = 16;
    private static final int ILLEGAL_RECEIVED = 1 << 6;

    private static final int ICR_LOGICAL = 1 << 11;
    private static final int ICR_ASSERT = 1 << 14;
    private static final int ICR_LEVEL = 1 << 15;
    private static final int ICR_KNOWN = 0xff | 7 << 8 | ICR_LOGICAL | ICR_ASSERT | ICR_LEVEL | 3 << 18;

    /** What may be written of the local vector table's entries, from {@link #TIMER} on: timer, thermal, counters, LINT0, LINT1, error. */
    private static final int[] LVT_BITS = {0x710ff, 0x117ff, 0x117ff, 0x1f7ff, 0x1f7ff, 0x110ff};

    private final Hypervisor hypervisor;
    private final Vcpu vcpu;
    private final int[] register = new int[PAGE >> 6];
    private final LapicTimer timer;
    private long base;

    Vlapic(Hypervisor hypervisor, Vcpu vcpu) {
        this.hypervisor = hypervisor;
        this.vcpu = vcpu;
        this.timer = new LapicTimer(hypervisor, vcpu, this::timerExpired);
        base = DEFAULT_ADDRESS | BASE_ENABLED | (vcpu.id() == 0 ? BASE_BOOT : 0);
        reset();
    }

    /** State after INIT; the base stays. */
    void reset() {
        Arrays.fill(register, 0);
        set(VERSION, VERSION_VALUE);
        set(SPURIOUS, 0xff);
        set(DESTINATION_FORMAT, -1);
        for (int i = 0; i < LVT_BITS.length; i++) {
            set(TIMER + 16 * i, MASKED);
        }
        identify();
        timer.stop();
    }

    private void identify() {
        int id = CpuidPolicy.apicId(vcpu);
        set(ID, isX2apic() ? id : id << 24);
        if (isX2apic()) {
            set(LOGICAL_DESTINATION, (id & ~0xf) << 12 | 1 << (id & 0xf));
        }
    }

    private int get(int offset) {
        return register[offset >> 4];
    }

    private void set(int offset, int value) {
        register[offset >> 4] = value;
    }

    private boolean isX2apic() {
        return (base & BASE_X2APIC) != 0;
    }

    /** Whether the APIC base says that there is one. */
    boolean isEnabledByBase() {
        return (base & BASE_ENABLED) != 0;
    }

    private boolean isEnabled() {
        return isEnabledByBase() && (get(SPURIOUS) & SOFTWARE_ENABLED) != 0;
    }

    // ------------------------------------------------------------------------------------------- interrupts

    private void request(int vector) {
        if (vector < LOWEST_VECTOR) {
            error(ILLEGAL_RECEIVED);
        } else if (!testAndSet(REQUESTED, vector)) {
            hypervisor.kick(vcpu);
        }
    }

    private void error(int bit) {
        set(ERROR_STATUS, get(ERROR_STATUS) | bit);
        int entry = get(ERROR_VECTOR);
        if ((entry & MASKED) == 0 && (entry & 0xff) >= LOWEST_VECTOR) {
            request(entry & 0xff);
        }
    }

    /** The vector that is to be taken next, or -1 if none is higher than what is in service and the task's priority. */
    int pending() {
        if (!isEnabled()) {
            return -1;
        }
        int vector = highest(REQUESTED);
        return vector >= 0 && vector >> 4 > priority() >> 4 ? vector : -1;
    }

    private int priority() {
        int serving = Math.max(0, highest(IN_SERVICE)) & 0xf0;
        int task = get(TASK_PRIORITY);
        return task >> 4 >= serving >> 4 ? task : serving;
    }

    /** The vCPU takes the interrupt {@code vector}, which was {@link #pending}. */
    void acknowledge(int vector) {
        clear(REQUESTED, vector);
        testAndSet(IN_SERVICE, vector);
    }

    private void endOfInterrupt() {
        int vector = highest(IN_SERVICE);
        if (vector >= 0) {
            clear(IN_SERVICE, vector);
        }
    }

    private boolean testAndSet(int bits, int vector) {
        int at = bits + 16 * (vector >> 5);
        int bit = 1 << (vector & 31);
        boolean was = (get(at) & bit) != 0;
        set(at, get(at) | bit);
        return was;
    }

    private void clear(int bits, int vector) {
        int at = bits + 16 * (vector >> 5);
        set(at, get(at) & ~(1 << (vector & 31)));
    }

    private int highest(int bits) {
        for (int word = 7; word >= 0; word--) {
            int value = get(bits + 16 * word);
            if (value != 0) {
                return 32 * word + 31 - Integer.numberOfLeadingZeros(value);
            }
        }
        return -1;
    }

    private void timerExpired() {
        int entry = get(TIMER);
        if (isEnabled() && (entry & MASKED) == 0) {
            request(entry & 0xff);
        }
    }

    // -------------------------------------------------------------------------------------------- registers

    private int read(int offset) {
        return switch (offset) {
            case PROCESSOR_PRIORITY -> priority();
            case CURRENT_COUNT -> timer.currentCount();
            default -> get(offset);
        };
    }

    private void write(int offset, int value) {
        switch (offset) {
            case ID -> set(ID, value);
            case TASK_PRIORITY -> set(TASK_PRIORITY, value & 0xff);
            case EOI -> endOfInterrupt();
            case LOGICAL_DESTINATION -> set(LOGICAL_DESTINATION, value & 0xff000000);
            case DESTINATION_FORMAT -> set(DESTINATION_FORMAT, value | 0x0fffffff);
            case SPURIOUS -> {
                boolean was = (get(SPURIOUS) & SOFTWARE_ENABLED) != 0;
                set(SPURIOUS, value & 0x1ff);
                if ((value & SOFTWARE_ENABLED) == 0) {
                    for (int i = 0; i < LVT_BITS.length; i++) {
                        set(TIMER + 16 * i, get(TIMER + 16 * i) | MASKED);
                    }
                } else if (!was) {
                    ((HvmArch) vcpu.arch).lapicEnabled();
                }
            }
            case ERROR_STATUS -> set(ERROR_STATUS, 0);
            case COMMAND -> {
                set(COMMAND, value & ~(1 << 12));
                interrupt(value);
            }
            case COMMAND_HIGH -> set(COMMAND_HIGH, isX2apic() ? value : value & 0xff000000);
            case INITIAL_COUNT -> {
                set(INITIAL_COUNT, value);
                timer.start(value, get(TIMER), get(DIVIDE));
            }
            case DIVIDE -> {
                set(DIVIDE, value & 0xb);
                timer.start(timer.currentCount(), get(TIMER), get(DIVIDE));
            }
            default -> {
                int entry = (offset - TIMER) >> 4;
                if (offset >= TIMER && entry < LVT_BITS.length) {
                    boolean enabled = (get(SPURIOUS) & SOFTWARE_ENABLED) != 0;
                    set(offset, value & LVT_BITS[entry] | (enabled ? 0 : MASKED));
                    if (offset == TIMER) {
                        timer.setMode(get(TIMER));
                    }
                }
            }
        }
    }

    // ------------------------------------------------------------------------------- the page and the MSRs

    /** Whether physical {@code address} is in its page, and the page is how it is reached. */
    boolean isAt(long address) {
        return isEnabledByBase() && !isX2apic() && (address & -PAGE) == (base & BASE_ADDRESS);
    }

    /** Reads {@code size} bytes in its page; 0 for what does not lie within the 32 bits of one register. */
    long readPage(long address, int size) {
        int offset = (int) address & PAGE - 1;
        if ((offset & 0xf) + size > 4 || offset >= register.length << 4) {
            return 0;
        }
        return (read(offset & ~0xf) & 0xffffffffL) >>> 8 * (offset & 3) & (1L << 8 * size) - 1;
    }

    /** Writes {@code size} bytes in its page; only whole registers are taken. */
    void writePage(long address, int size, long value) {
        int offset = (int) address & PAGE - 1;
        if ((offset & 0xf) == 0 && size == 4 && offset < SELF_IPI) {
            write(offset, (int) value);
        }
    }

    /** The APIC base MSR. */
    long base() {
        return base;
    }

    /** Writes the APIC base MSR; false for #GP. */
    boolean setBase(long value) {
        boolean enabled = (value & BASE_ENABLED) != 0;
        boolean x2apic = (value & BASE_X2APIC) != 0;
        if ((value & ~(BASE_BOOT | BASE_X2APIC | BASE_ENABLED | BASE_ADDRESS)) != 0
                || x2apic && !enabled
                || x2apic && !isEnabledByBase()
                || isX2apic() && enabled && !x2apic) {
            return false;
        }
        boolean wasX2apic = isX2apic();
        base = value;
        if (!enabled) {
            reset();
        } else if (x2apic != wasX2apic) {
            identify();
        }
        return true;
    }

    /** Whether MSR {@code msr} can be read. */
    boolean isReadable(int msr) {
        int offset = msr - MSRS << 4;
        return isX2apic()
                && switch (offset) {
                    case ID, VERSION, TASK_PRIORITY, PROCESSOR_PRIORITY, LOGICAL_DESTINATION, SPURIOUS -> true;
                    case ERROR_STATUS, COMMAND, INITIAL_COUNT, CURRENT_COUNT, DIVIDE -> true;
                    default ->
                        offset >= IN_SERVICE && offset < ERROR_STATUS || offset >= TIMER && offset <= ERROR_VECTOR;
                };
    }

    /** Reads MSR {@code msr}, which {@link #isReadable}. */
    long readMsr(int msr) {
        int offset = msr - MSRS << 4;
        long value = read(offset) & 0xffffffffL;
        return offset == COMMAND ? value | (long) get(COMMAND_HIGH) << 32 : value;
    }

    /** Writes MSR {@code msr}; false for #GP. */
    boolean writeMsr(int msr, long value) {
        int offset = msr - MSRS << 4;
        long allowed =
                switch (offset) {
                    case TASK_PRIORITY, SELF_IPI -> 0xff;
                    case SPURIOUS -> 0x1ff;
                    case COMMAND -> 0xffffffff_00000000L | ICR_KNOWN;
                    case INITIAL_COUNT -> 0xffffffffL;
                    case DIVIDE -> 0xb;
                    case EOI, ERROR_STATUS -> 0;
                    default ->
                        offset >= TIMER && offset <= ERROR_VECTOR ? LVT_BITS[(offset - TIMER) >> 4] & 0xffffffffL : -1;
                };
        if (!isX2apic() || allowed == -1 || (value & ~allowed) != 0) {
            return false;
        }
        if (offset == SELF_IPI) {
            accept((int) value);
            return true;
        }
        if (offset == COMMAND) {
            set(COMMAND_HIGH, (int) (value >>> 32));
        }
        write(offset, (int) value);
        return true;
    }

    // ------------------------------------------------------------------------- interrupts between processors

    private void interrupt(int command) {
        int shorthand = command >> 18 & 3;
        for (Vcpu target : vcpu.domain().vcpus()) {
            Vlapic other = ((HvmArch) target.arch).lapic();
            boolean meant =
                    switch (shorthand) {
                        case 0 -> other.answersTo(destination(), (command & ICR_LOGICAL) != 0);
                        case 1 -> other == this;
                        case 2 -> true;
                        default -> other != this;
                    };
            if (meant && other.isEnabledByBase()) {
                other.receive(command);
                if ((command >> 8 & 7) == 1 && shorthand == 0) {
                    break; // lowest priority: the first does
                }
            }
        }
    }

    private int destination() {
        return isX2apic() ? get(COMMAND_HIGH) : get(COMMAND_HIGH) >>> 24;
    }

    private boolean answersTo(int destination, boolean logical) {
        if (isX2apic()) {
            return destination == -1
                    || (logical
                            ? destination >>> 16 == get(LOGICAL_DESTINATION) >>> 16
                                    && (destination & get(LOGICAL_DESTINATION) & 0xffff) != 0
                            : destination == get(ID));
        }
        int id = get(LOGICAL_DESTINATION) >>> 24;
        return destination == 0xff
                || (!logical
                        ? destination == get(ID) >>> 24
                        : get(DESTINATION_FORMAT) == -1
                                ? (destination & id) != 0
                                : destination >> 4 == id >> 4 && (destination & id & 0xf) != 0);
    }

    private void receive(int command) {
        HvmArch arch = (HvmArch) vcpu.arch;
        switch (command >> 8 & 7) {
            case 0, 1 -> accept(command & 0xff);
            case 4 -> arch.nmi();
            case 5 -> {
                if ((command & ICR_LEVEL) == 0 || (command & ICR_ASSERT) != 0) {
                    arch.init();
                }
            }
            case 6 -> arch.startUp(command & 0xff);
            default -> {}
        }
    }

    /** Requests the interrupt {@code vector} if the APIC is on; else it is lost. */
    void accept(int vector) {
        if (isEnabled()) {
            request(vector);
        }
    }
}
