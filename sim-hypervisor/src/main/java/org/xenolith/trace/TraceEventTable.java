package org.xenolith.trace;

import static org.xenolith.trace.TraceField.bits;
import static org.xenolith.trace.TraceField.domainAndVcpu;
import static org.xenolith.trace.TraceField.hex;
import static org.xenolith.trace.TraceField.load;
import static org.xenolith.trace.TraceField.longHex;
import static org.xenolith.trace.TraceField.longs;
import static org.xenolith.trace.TraceField.nanos;
import static org.xenolith.trace.TraceField.signed;
import static org.xenolith.trace.TraceField.slice;
import static org.xenolith.trace.TraceField.unsigned;
import static org.xenolith.trace.TraceField.vcpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** The one table of what each event of Xen 4.17 is called and carries; read it through {@link TraceEvent#of}. */
final class TraceEventTable {
    private static final List<TraceEvent> EVENTS = build();
    private static final int[] IDS = EVENTS.stream().mapToInt(TraceEvent::id).toArray();

    private TraceEventTable() {}

    static TraceEvent find(int id) {
        int at = Arrays.binarySearch(IDS, id);
        return at < 0 ? null : EVENTS.get(at);
    }

    static List<TraceEvent> all() {
        return EVENTS;
    }

    private static List<TraceEvent> build() {
        List<TraceEvent> t = new ArrayList<>();
        general(t);
        scheduling(t);
        credit(t);
        credit2(t);
        rtdsAndNull(t);
        hvm(t);
        hvmEmulation(t);
        memory(t);
        pv(t);
        shadow(t);
        hardware(t);
        t.sort(Comparator.comparingInt(TraceEvent::id));
        return List.copyOf(t);
    }

    private static void add(List<TraceEvent> t, int id, String name, TraceField... fields) {
        t.add(new TraceEvent(id, name, List.of(fields)));
    }

    private static void general(List<TraceEvent> t) {
        add(t, TraceEvent.Gen.LOST_RECORDS, "lost_records", unsigned("count", 0), vcpu(1), longs("first_tsc", 2));
        add(t, TraceEvent.Gen.WRAP_PADDING, "wrap_buffer");
        add(t, TraceEvent.Gen.CPU_CHANGE, "cpu_change", signed("cpu", 0), unsigned("window_bytes", 1));
        add(
                t,
                TraceEvent.Gen.TRACE_IRQ,
                "trace_irq",
                unsigned("vector", 0),
                unsigned("count", 1),
                unsigned("total_cycles", 2),
                unsigned("max_cycles", 3));
        add(t, TraceEvent.Dom0.DOMAIN_CREATE, "domain_create", unsigned("domain", 0));
        add(t, TraceEvent.Dom0.DOMAIN_DESTROY, "domain_destroy", unsigned("domain", 0));
    }

    private static void scheduling(List<TraceEvent> t) {
        for (int from = 0; from < 4; from++) {
            for (int to = 0; to < 4; to++) {
                String name = "runstate_change " + TraceEvent.runstateName(from) + "->" + TraceEvent.runstateName(to);
                add(t, TraceEvent.runstateChange(from, to), name, vcpu(0));
            }
        }
        add(t, TraceEvent.Sched.CONTINUE_RUNNING, "runstate_continue", vcpu(0));
        add(t, TraceEvent.Sched.DOM_ADD, "sched_init_domain", unsigned("domain", 0));
        add(t, TraceEvent.Sched.DOM_REM, "sched_destroy_domain", unsigned("domain", 0));
        add(t, TraceEvent.Sched.SLEEP, "vcpu_sleep", domainAndVcpu("vcpu", 0));
        add(t, TraceEvent.Sched.WAKE, "vcpu_wake", domainAndVcpu("vcpu", 0));
        add(t, TraceEvent.Sched.YIELD, "vcpu_yield", domainAndVcpu("vcpu", 0));
        add(t, TraceEvent.Sched.BLOCK, "vcpu_block", domainAndVcpu("vcpu", 0));
        add(t, TraceEvent.Sched.SHUTDOWN, "sched_shutdown", domainAndVcpu("vcpu", 0), unsigned("reason", 2));
        add(t, TraceEvent.Sched.CTL, "sched_ctl");
        add(t, TraceEvent.Sched.ADJDOM, "sched_adjust", unsigned("domain", 0));
        add(t, TraceEvent.Sched.SWITCH, "sched_switch", domainAndVcpu("prev", 0), domainAndVcpu("next", 2));
        add(t, TraceEvent.Sched.S_TIMER_FN, "s_timer_fn");
        add(t, TraceEvent.Sched.T_TIMER_FN, "t_timer_fn");
        add(t, TraceEvent.Sched.DOM_TIMER_FN, "dom_timer_fn");
        add(t, TraceEvent.Sched.SWITCH_INFPREV, "sched_switch prev", domainAndVcpu("vcpu", 0), nanos("ran", 2));
        add(
                t,
                TraceEvent.Sched.SWITCH_INFNEXT,
                "sched_switch next",
                domainAndVcpu("vcpu", 0),
                nanos("waited", 2),
                slice(3));
        add(t, TraceEvent.Sched.SHUTDOWN_CODE, "sched_shutdown_code", domainAndVcpu("vcpu", 0), unsigned("reason", 2));
        add(
                t,
                TraceEvent.Sched.SWITCH_INFCONT,
                "sched_switch continue",
                domainAndVcpu("vcpu", 0),
                nanos("ran", 2),
                slice(3));
    }

    private static void credit(List<TraceEvent> t) {
        add(t, TraceEvent.Credit.TASKLET, "csched:sched_tasklet");
        add(t, TraceEvent.Credit.ACCOUNT_START, "csched:account_start", domainAndVcpu("vcpu", 0), signed("active", 2));
        add(t, TraceEvent.Credit.ACCOUNT_STOP, "csched:account_stop", domainAndVcpu("vcpu", 0), signed("active", 2));
        add(t, TraceEvent.Credit.STOLEN_VCPU, "csched:stolen_vcpu", unsigned("from", 0), domainAndVcpu("vcpu", 1));
        add(t, TraceEvent.Credit.PICKED_CPU, "csched:pick_cpu", domainAndVcpu("vcpu", 0), unsigned("cpu", 2));
        add(t, TraceEvent.Credit.TICKLE, "csched:runq_tickle", unsigned("cpu", 0));
        add(t, TraceEvent.Credit.BOOST_START, "csched:boost", domainAndVcpu("vcpu", 0));
        add(t, TraceEvent.Credit.BOOST_END, "csched:unboost", domainAndVcpu("vcpu", 0));
        add(
                t,
                TraceEvent.Credit.SCHEDULE,
                "csched:schedule",
                bits("cpu", 0, 0, 16),
                bits("tasklet", 0, 16, 8),
                bits("idle", 0, 24, 8));
        add(t, TraceEvent.Credit.RATELIMIT, "csched:ratelimit", vcpu(0), nanos("ran", 1));
        add(t, TraceEvent.Credit.STEAL_CHECK, "csched:load_balance", unsigned("peer", 0), unsigned("checked", 1));
    }

    private static void credit2(List<TraceEvent> t) {
        add(t, TraceEvent.Credit2.TICK, "csched2:tick");
        add(t, TraceEvent.Credit2.RUNQ_POS, "csched2:runq_insert", vcpu(0), unsigned("position", 1));
        add(
                t,
                TraceEvent.Credit2.BURN,
                "csched2:burn_credits",
                vcpu(0),
                signed("credit", 1),
                signed("budget", 2),
                signed("delta", 3));
        add(t, TraceEvent.Credit2.CREDIT_ADD, "csched2:credit_add");
        add(
                t,
                TraceEvent.Credit2.TICKLE_CHECK,
                "csched2:tickle_check",
                vcpu(0),
                signed("credit", 1),
                signed("score", 2));
        add(t, TraceEvent.Credit2.TICKLE, "csched2:runq_tickle", bits("cpu", 0, 0, 16));
        add(
                t,
                TraceEvent.Credit2.CREDIT_RESET,
                "csched2:reset_credits",
                vcpu(0),
                signed("credit_start", 1),
                signed("credit_end", 2));
        add(t, TraceEvent.Credit2.TASKLET, "csched2:sched_tasklet");
        add(t, TraceEvent.Credit2.UPDATE_LOAD, "csched2:update_load");
        add(t, TraceEvent.Credit2.RUNQ_ASSIGN, "csched2:runq_assign", vcpu(0), bits("rq", 1, 0, 16));
        add(
                t,
                TraceEvent.Credit2.UPDATE_UNIT_LOAD,
                "csched2:update_vcpu_load",
                load("vcpu_load", 0),
                vcpu(2),
                unsigned("shift", 3));
        add(
                t,
                TraceEvent.Credit2.UPDATE_RUNQ_LOAD,
                "csched2:update_rq_load",
                load("avgload", 0),
                load("b_avgload", 2),
                bits("load", 4, 0, 16),
                bits("rq", 4, 16, 8),
                bits("shift", 4, 24, 8));
        add(
                t,
                TraceEvent.Credit2.TICKLE_NEW,
                "csched2:runq_tickle_new",
                vcpu(0),
                unsigned("processor", 1),
                signed("credit", 2));
        add(
                t,
                TraceEvent.Credit2.MAX_WEIGHT,
                "csched2:update_max_weight",
                bits("rq", 0, 0, 16),
                bits("max_weight", 0, 16, 16));
        add(
                t,
                TraceEvent.Credit2.MIGRATE,
                "csched2:migrate",
                vcpu(0),
                bits("from_rq", 1, 0, 16),
                bits("to_rq", 1, 16, 16));
        add(
                t,
                TraceEvent.Credit2.LOAD_CHECK,
                "csched2:load_balance_check",
                bits("local_rq", 0, 0, 16),
                bits("other_rq", 0, 16, 16),
                signed("delta", 1));
        add(
                t,
                TraceEvent.Credit2.LOAD_BALANCE,
                "csched2:load_balance_begin",
                load("local_b_avgload", 0),
                load("other_b_avgload", 2),
                bits("local_rq", 4, 0, 16),
                bits("other_rq", 4, 16, 16));
        add(
                t,
                TraceEvent.Credit2.PICKED_CPU,
                "csched2:picked_cpu",
                load("b_avgload", 0),
                vcpu(2),
                bits("rq", 3, 0, 16),
                bits("cpu", 3, 16, 16));
        add(
                t,
                TraceEvent.Credit2.CANDIDATE,
                "csched2:runq_candidate",
                vcpu(0),
                signed("tickled_cpu", 1),
                signed("credit", 2));
        add(
                t,
                TraceEvent.Credit2.SCHEDULE,
                "csched2:schedule",
                bits("cpu", 0, 0, 16),
                bits("rq", 0, 16, 16),
                bits("tasklet", 1, 0, 8),
                bits("idle", 1, 8, 8),
                bits("smt_idle", 1, 16, 8),
                bits("tickled", 1, 24, 8));
        add(t, TraceEvent.Credit2.RATELIMIT, "csched2:ratelimit", vcpu(0), nanos("ran", 1));
        add(t, TraceEvent.Credit2.CANDIDATE_CHECK, "csched2:runq_cand_check", vcpu(0));
    }

    private static void rtdsAndNull(List<TraceEvent> t) {
        add(t, TraceEvent.Rtds.TICKLE, "rtds:runq_tickle", bits("cpu", 0, 0, 16));
        add(t, TraceEvent.Rtds.RUNQ_PICK, "rtds:runq_pick", vcpu(0), longs("deadline", 1), longs("budget", 3));
        add(
                t,
                TraceEvent.Rtds.BURN,
                "rtds:burn_budget",
                vcpu(0),
                longs("budget", 1),
                signed("delta", 3),
                unsigned("priority_level", 4),
                bits("has_extratime", 5, 0, 8));
        add(t, TraceEvent.Rtds.REPLENISH, "rtds:repl_budget", vcpu(0), longs("deadline", 2), longs("budget", 4));
        add(t, TraceEvent.Rtds.TASKLET, "rtds:sched_tasklet");
        add(
                t,
                TraceEvent.Rtds.SCHEDULE,
                "rtds:schedule",
                bits("cpu", 0, 0, 16),
                bits("tasklet", 0, 16, 8),
                bits("idle", 0, 24, 4),
                bits("tickled", 0, 28, 4));
        add(t, TraceEvent.Null.PICKED_CPU, "null:picked_cpu", vcpu(0), unsigned("cpu", 1));
        add(t, TraceEvent.Null.ASSIGN, "null:vcpu_assign", vcpu(0), unsigned("cpu", 1));
        add(t, TraceEvent.Null.DEASSIGN, "null:vcpu_deassign", vcpu(0), unsigned("cpu", 1));
        add(t, TraceEvent.Null.MIGRATE, "null:migrate", vcpu(0), bits("cpu", 1, 0, 16), bits("new_cpu", 1, 16, 16));
        add(t, TraceEvent.Null.SCHEDULE, "null:schedule", bits("cpu", 0, 0, 16), bits("tasklet", 0, 16, 16), vcpu(1));
        add(t, TraceEvent.Null.TASKLET, "null:sched_tasklet");
    }

    private static void hvm(List<TraceEvent> t) {
        for (int nested : new int[] {0, TraceEvent.Hvm.NESTED}) {
            String n = nested == 0 ? "" : "nested_";
            add(t, 0x81001 | nested, n + "vmentry");
            add(t, 0x81002 | nested, n + "vmexit", hex("reason", 0), hex("rip", 1));
            add(t, 0x81102 | nested, n + "vmexit", hex("reason", 0), longHex("rip", 1));
        }
        add(t, 0x82001, "pf_xen", hex("error", 0), hex("va", 1));
        add(t, 0x82101, "pf_xen", hex("error", 0), longHex("va", 1));
        add(t, 0x82002, "pf_inject", hex("error", 0), hex("va", 1));
        add(t, 0x82102, "pf_inject", hex("error", 0), longHex("va", 1));
        add(t, 0x82003, "inj_exc", hex("vector", 0), hex("error", 1));
        add(t, 0x82004, "inj_virq", hex("vector", 0), unsigned("fake", 1));
        add(t, 0x82005, "reinj_virq", hex("vector", 0));
        add(t, 0x82006, "io_read", hex("port", 0), unsigned("size", 1));
        add(t, 0x82007, "io_write", hex("port", 0), unsigned("size", 1));
        add(t, 0x82008, "cr_read", unsigned("cr", 0), hex("value", 1));
        add(t, 0x82108, "cr_read", unsigned("cr", 0), longHex("value", 1));
        add(t, 0x82009, "cr_write", unsigned("cr", 0), hex("value", 1));
        add(t, 0x82109, "cr_write", unsigned("cr", 0), longHex("value", 1));
        add(t, 0x8200a, "dr_read");
        add(t, 0x8200b, "dr_write");
        add(t, 0x8200c, "msr_read", hex("msr", 0), longHex("value", 1));
        add(t, 0x8200d, "msr_write", hex("msr", 0), longHex("value", 1));
        add(
                t,
                0x8200e,
                "cpuid",
                hex("leaf", 0),
                hex("subleaf", 1),
                hex("eax", 2),
                hex("ebx", 3),
                hex("ecx", 4),
                hex("edx", 5));
        add(t, 0x8200f, "intr", hex("vector", 0));
        add(t, 0x82010, "nmi");
        add(t, 0x82011, "smi");
        add(t, 0x82012, "vmmcall", hex("op", 0));
        add(t, 0x82013, "hlt", unsigned("pending", 0));
        add(t, 0x82014, "invlpg", unsigned("invlpga", 0), hex("va", 1));
        add(t, 0x82114, "invlpg", unsigned("invlpga", 0), longHex("va", 1));
        add(t, 0x82015, "mce");
        add(t, 0x82016, "ioport_read", hex("port", 0), hex("data", 1));
        add(t, 0x82216, "ioport_write", hex("port", 0), hex("data", 1));
        add(t, 0x82017, "mmio_read", hex("address", 0), hex("data", 1));
        add(t, 0x82217, "mmio_write", hex("address", 0), hex("data", 1));
        add(t, 0x82018, "clts");
        add(t, 0x82019, "lmsw", hex("value", 0));
        add(t, 0x82119, "lmsw", longHex("value", 0));
        add(t, 0x8201a, "rdtsc", longHex("value", 0));
        add(t, 0x82020, "intr_window", hex("vector", 0), unsigned("source", 1), signed("intr", 2));
        add(
                t,
                0x82021,
                "npf",
                longHex("gpa", 0),
                longHex("mfn", 2),
                hex("qualification", 4, 0, 16),
                unsigned("p2m_type", 5));
        add(t, 0x82022, "realmode_emulate", unsigned("result", 0));
        add(t, 0x82023, "trap", hex("vector", 0));
        add(t, 0x82024, "trap_debug", hex("vector", 0));
        add(t, 0x82025, "vlapic", hex("offset", 0), hex("data", 1));
        add(t, 0x82026, "xcr_read", unsigned("xcr", 0), longHex("value", 1));
        add(t, 0x82027, "xcr_write", unsigned("xcr", 0), longHex("value", 1));
    }

    private static void hvmEmulation(List<TraceEvent> t) {
        add(
                t,
                0x84001,
                "hpet_start_timer",
                unsigned("timer", 0),
                unsigned("irq", 1),
                longs("delta", 2),
                longs("period", 4));
        add(t, 0x84002, "pit_start_timer", longs("delta", 0), longs("period", 2));
        add(t, 0x84003, "rtc_start_timer", longs("delta", 0), longs("period", 2));
        add(t, 0x84004, "lapic_start_timer", longs("delta", 0), longs("period", 2), unsigned("irq", 4));
        add(t, 0x84005, "hpet_stop_timer", unsigned("timer", 0));
        add(t, 0x84006, "pit_stop_timer");
        add(t, 0x84007, "rtc_stop_timer");
        add(t, 0x84008, "lapic_stop_timer");
        add(t, 0x84009, "pit_timer_callback");
        add(t, 0x8400a, "lapic_timer_callback");
        add(t, 0x8400b, "pic_int_output", unsigned("int_output", 0), unsigned("is_master", 1), unsigned("irq", 2));
        add(t, 0x8400c, "pic_kick", unsigned("irq", 0));
        add(t, 0x8400d, "pic_intack", unsigned("is_master", 0), unsigned("irq", 1));
        add(t, 0x8400e, "pic_positive_edge", unsigned("irq", 0));
        add(t, 0x8400f, "pic_negative_edge", unsigned("irq", 0));
        add(t, 0x84010, "pic_peek_irq", unsigned("accept_pic_intr", 0), unsigned("int_output", 1));
        add(t, 0x84011, "lapic_pic_intr", unsigned("i8259_target", 0), unsigned("accept_pic_int", 1));
    }

    private static void memory(List<TraceEvent> t) {
        add(t, TraceEvent.Mem.GRANT_MAP, "grant_map", unsigned("domain", 0));
        add(t, TraceEvent.Mem.GRANT_UNMAP, "grant_unmap", unsigned("domain", 0));
        add(t, TraceEvent.Mem.GRANT_TRANSFER, "grant_transfer", unsigned("domain", 0));
        add(
                t,
                TraceEvent.Mem.SET_P2M_ENTRY,
                "set_p2m_entry",
                longHex("gfn", 0),
                longHex("mfn", 2),
                signed("type", 4),
                bits("domain", 5, 0, 16),
                bits("order", 5, 16, 16));
        add(
                t,
                TraceEvent.Mem.DECREASE_RESERVATION,
                "decrease_reservation",
                longHex("gfn", 0),
                bits("domain", 2, 0, 16),
                bits("order", 2, 16, 16));
        add(
                t,
                TraceEvent.Mem.POD_POPULATE,
                "pod_populate",
                longHex("gfn", 0),
                longHex("mfn", 2),
                bits("domain", 4, 0, 16),
                bits("order", 4, 16, 16));
        add(
                t,
                TraceEvent.Mem.POD_ZERO_RECLAIM,
                "pod_zero_reclaim",
                longHex("gfn", 0),
                longHex("mfn", 2),
                bits("domain", 4, 0, 16),
                bits("order", 4, 16, 16));
        add(
                t,
                TraceEvent.Mem.POD_SUPERPAGE_SPLINTER,
                "pod_superpage_splinter",
                longHex("gfn", 0),
                bits("domain", 2, 0, 16),
                bits("order", 2, 16, 16));
    }

    private static void pv(List<TraceEvent> t) {
        int wide = TraceEvent.Pv.ADDRESSES_64;
        add(t, TraceEvent.Pv.HYPERCALL_V1, "hypercall_v1", hex("eip", 0), unsigned("op", 1));
        add(t, TraceEvent.Pv.HYPERCALL_V1 | wide, "hypercall_v1", longHex("rip", 0), unsigned("op", 2));
        add(t, TraceEvent.Pv.TRAP, "trap", hex("eip", 0), trapNumber(1), hasError(1), hex("error", 1, 16, 16));
        add(
                t,
                TraceEvent.Pv.TRAP | wide,
                "trap",
                longHex("rip", 0),
                trapNumber(2),
                hasError(2),
                hex("error", 2, 16, 16));
        add(t, TraceEvent.Pv.PAGE_FAULT, "page_fault", hex("eip", 0), hex("va", 1), hex("error", 2));
        add(t, TraceEvent.Pv.PAGE_FAULT | wide, "page_fault", longHex("rip", 0), longHex("va", 2), hex("error", 4));
        add(t, TraceEvent.Pv.FORCED_INVALID_OP, "forced_invalid_op", hex("eip", 0));
        add(t, TraceEvent.Pv.FORCED_INVALID_OP | wide, "forced_invalid_op", longHex("rip", 0));
        add(t, TraceEvent.Pv.EMULATE_PRIVOP, "emulate_privop", hex("eip", 0));
        add(t, TraceEvent.Pv.EMULATE_PRIVOP | wide, "emulate_privop", longHex("rip", 0));
        add(t, TraceEvent.Pv.EMULATE_4GB, "emulate_4gb", hex("eip", 0));
        add(t, TraceEvent.Pv.EMULATE_4GB | wide, "emulate_4gb", longHex("rip", 0));
        add(t, TraceEvent.Pv.MATH_STATE_RESTORE, "math_state_restore");
        add(t, TraceEvent.Pv.MATH_STATE_RESTORE | wide, "math_state_restore");
        add(t, TraceEvent.Pv.PAGING_FIXUP, "paging_fixup", hex("eip", 0), hex("va", 1));
        add(t, TraceEvent.Pv.PAGING_FIXUP | wide, "paging_fixup", longHex("rip", 0), longHex("va", 2));
        add(t, TraceEvent.Pv.GDT_LDT_MAPPING_FAULT, "gdt_ldt_mapping_fault", hex("eip", 0), hex("offset", 1));
        add(
                t,
                TraceEvent.Pv.GDT_LDT_MAPPING_FAULT | wide,
                "gdt_ldt_mapping_fault",
                longHex("rip", 0),
                longHex("offset", 2));
        for (int id : new int[] {TraceEvent.Pv.PTWR_EMULATION, TraceEvent.Pv.PTWR_EMULATION_PAE}) {
            String name = id == TraceEvent.Pv.PTWR_EMULATION ? "ptwr" : "ptwr_pae";
            add(t, id, name, longHex("npte", 0), hex("va", 2), hex("eip", 3));
            add(t, id | wide, name, longHex("npte", 0), longHex("va", 2), longHex("rip", 4));
        }
        add(t, TraceEvent.Pv.HYPERCALL, "hypercall", bits("op", 0, 0, 20), hex("arguments", 0, 20, 12));
        add(t, TraceEvent.Pv.HYPERCALL_SUBCALL, "hypercall_sub", bits("op", 0, 0, 20), hex("arguments", 0, 20, 12));
    }

    private static TraceField trapNumber(int word) {
        return bits("number", word, 0, 15);
    }

    private static TraceField hasError(int word) {
        return bits("has_error", word, 15, 1);
    }

    private static void shadow(List<TraceEvent> t) {
        String[] names = {
            "fast_propagate", "fast_mmio", "false_fast_path", "mmio", null, "domf_dying",
        };
        for (int i = 0; i < names.length; i++) {
            if (names[i] != null) {
                add(t, 0x40f002 + i, "shadow_" + names[i], hex("va", 0));
                add(t, 0x40f102 + i, "shadow_" + names[i], longHex("va", 0));
            }
        }
        add(t, 0x40f001, "shadow_not_shadow", longHex("gl1e", 0), hex("va", 2), hex("flags", 3));
        add(t, 0x40f101, "shadow_not_shadow", longHex("gl1e", 0), longHex("va", 2), hex("flags", 4));
    }

    private static void hardware(List<TraceEvent> t) {
        add(t, TraceEvent.Hw.FREQUENCY_CHANGE, "cpu_freq_change", unsigned("from_mhz", 0), unsigned("to_mhz", 1));
        add(
                t,
                TraceEvent.Hw.IDLE_ENTRY,
                "cpu_idle_entry",
                unsigned("c_state", 0),
                unsigned("pm_tick", 1),
                unsigned("expected", 2),
                unsigned("predicted", 3));
        add(
                t,
                TraceEvent.Hw.IDLE_EXIT,
                "cpu_idle_exit",
                unsigned("c_state", 0),
                unsigned("pm_tick", 1),
                unsigned("irq0", 2),
                unsigned("irq1", 3),
                unsigned("irq2", 4),
                unsigned("irq3", 5));
        add(t, TraceEvent.Hw.IRQ_MOVE_CLEANUP_DELAY, "irq_move_cleanup_delay", irq(), vector(), unsigned("cpu", 2));
        add(t, TraceEvent.Hw.IRQ_MOVE_CLEANUP, "irq_move_cleanup", irq(), vector(), unsigned("cpu", 2));
        add(t, TraceEvent.Hw.IRQ_BIND_VECTOR, "irq_bind_vector", irq(), vector(), hex("cpu_mask", 2));
        add(t, TraceEvent.Hw.IRQ_CLEAR_VECTOR, "irq_clear_vector", irq(), vector(), hex("cpu_mask", 2));
        add(t, TraceEvent.Hw.IRQ_MOVE_VECTOR, "irq_move_vector", irq(), vector(), unsigned("cpu", 2));
        add(t, TraceEvent.Hw.IRQ_ASSIGN_VECTOR, "irq_assign_vector", irq(), vector(), hex("cpu_mask", 2));
        add(t, TraceEvent.Hw.IRQ_UNMAPPED_VECTOR, "irq_unmapped_vector", hex("vector", 0));
        add(t, TraceEvent.Hw.IRQ_HANDLED, "irq_handled", irq(), unsigned("began", 1), unsigned("ended", 2));
    }

    private static TraceField irq() {
        return signed("irq", 0);
    }

    private static TraceField vector() {
        return hex("vector", 1);
    }
}
