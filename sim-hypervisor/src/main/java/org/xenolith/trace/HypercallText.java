package org.xenolith.trace;

/** Names hypercalls, and prints the one in a {@link TraceEvent.Pv#HYPERCALL} record: its name, and the arguments that Xen recorded. */
public final class HypercallText {
    /** Names by number, as in Xen's public ABI; the architecture's own begin at 48. */
    private static final String[] NAMES = {
        "set_trap_table",
        "mmu_update",
        "set_gdt",
        "stack_switch",
        "set_callbacks",
        "fpu_taskswitch",
        "sched_op_compat",
        "platform_op",
        "set_debugreg",
        "get_debugreg",
        "update_descriptor",
        null,
        "memory_op",
        "multicall",
        "update_va_mapping",
        "set_timer_op",
        "event_channel_op_compat",
        "xen_version",
        "console_io",
        "physdev_op_compat",
        "grant_table_op",
        "vm_assist",
        "update_va_mapping_otherdomain",
        "iret",
        "vcpu_op",
        "set_segment_base",
        "mmuext_op",
        "xsm_op",
        "nmi_op",
        "sched_op",
        "callback_op",
        "xenoprof_op",
        "event_channel_op",
        "physdev_op",
        "hvm_op",
        "sysctl",
        "domctl",
        "kexec_op",
        "tmem_op",
        "argo_op",
        "xenpmu_op",
        "dm_op",
        "hypfs_op",
    };

    /** The most arguments that a record describes: two bits each in bits 20 to 31 of the first word. */
    private static final int MOST_ARGUMENTS = 6;

    private HypercallText() {}

    /** The hypercall's name, or null where the ABI has none. */
    public static String name(int op) {
        return op < NAMES.length ? NAMES[op] : null;
    }

    /** Adds {@code " (mmu_update), arg0 = 0x..."}. */
    static void add(TextOutput out, TraceRecord record) {
        if (record.words == 0) {
            return;
        }
        int first = record.word[0];
        String name = name(first & 0xfffff);
        out.add(" (").add(name == null ? "unknown" : name).add(')');
        int word = 1;
        for (int i = 0; i < MOST_ARGUMENTS; i++) {
            int size = (first >>> (20 + 2 * i)) & 3;
            if (size == 0 || word + size > record.words) {
                continue;
            }
            out.add(", arg").add(i).add(" = 0x");
            out.hex(size == 1 ? Integer.toUnsignedLong(record.word[word]) : record.longWord(word));
            word += size;
        }
    }
}
