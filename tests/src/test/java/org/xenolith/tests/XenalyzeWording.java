package org.xenolith.tests;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code xenalyze} 4.17 says of a record, turned into the event and the field values that our own dump must show.
 *
 * <p>Each rule is a pattern in which {@code <name:T>} stands for a field: {@code V} a vCPU, {@code I} a decimal number,
 * {@code W} a decimal number of 32 bits whose sign does not matter, {@code X} hexadecimal, {@code L} two hexadecimal
 * words of which the first is the low one, {@code U} microseconds with an unpadded rest of nanoseconds, {@code a|b|c} words
 * that stand for 0, 1, 2. After {@code =} comes what its absence means.
 */
final class XenalyzeWording {
    /** What a line says: our name for the event, and the fields by our names. */
    record Saying(String event, Map<String, String> fields) {}

    private record Field(String name, String type, String absent) {}

    private record Rule(String event, Pattern pattern, List<Field> fields) {}

    private static final Pattern MACRO = Pattern.compile("<(\\w+):([^=>]+)(?:=([^>]*))?>");
    private static final String MICROS = "(\\d+\\.\\d+)us";

    /** Rules by the first word that they begin with. */
    private final Map<String, List<Rule>> rules = new HashMap<>();

    XenalyzeWording() {
        general();
        schedulers();
        guests();
    }

    private void general() {
        rule("runstate_continue", "runstate_continue <vcpu:V> running->running");
        rule("sched_switch prev", "sched_switch prev <vcpu:V>, run for <ran:U>");
        rule(
                "sched_switch next",
                "sched_switch next <vcpu:V>(?:, was runnable for <waited:U>)?(?:, next slice <slice:U=-1>)?");
        rule("sched_switch continue", "sched_switch continue <vcpu:V>, run for <ran:U>(?:, next slice <slice:U=-1>)?");
        rule("sched_switch", "sched_switch prev <prev:V> next <next:V>");
        rule("vcpu_wake", "vcpu_wake <vcpu:V>");
        rule("vcpu_sleep", "vcpu_sleep <vcpu:V>");
        rule("vcpu_block", "vcpu_block <vcpu:V>");
        rule("vcpu_yield", "vcpu_yield <vcpu:V>");
        rule("sched_adjust", "sched_adjust d<domain:I>");
        rule("sched_init_domain", "sched_init_domain d<domain:I>");
        rule("sched_destroy_domain", "sched_destroy_domain d<domain:I>");
        rule("sched_shutdown", "sched_shutdown <vcpu:V>, reason = <reason:I>");
        rule("domain_create", "creating domain d<domain:I>");
        rule("domain_destroy", "destroying domain d<domain:I>");
        rule("grant_map", "grant-map domain <domain:I>");
        rule("grant_unmap", "grant-unmap domain <domain:I>");
        rule("set_p2m_entry", "set_p2m_entry d<domain:I> o<order:I> t <type:I> g <gfn:X> m <mfn:X>");
        rule("irq_handled", "irq_handled irq <irq:I> -?\\d+ \\(<began:W>,<ended:W>\\)");
    }

    private void schedulers() {
        rule("csched:schedule", "csched:schedule cpu <cpu:I>, <idle:busy|idle>");
        rule("csched:boost", "csched: <vcpu:V> boosted");
        rule("csched:unboost", "csched: <vcpu:V> unboosted");
        rule("csched:runq_tickle", "csched:runq_tickle, cpu <cpu:I>");
        rule("csched:account_start", "csched:acct_start <vcpu:V>, active_vcpus <active:I>");
        rule("csched:account_stop", "csched:acct_stop <vcpu:V>, active_vcpus <active:I>");
        rule("csched:pick_cpu", "csched:pick_cpu <cpu:I> for <vcpu:V>");
        rule("csched:load_balance", "csched:load_balance <checked:skipping|checking> <peer:I>");
        rule("csched:stolen_vcpu", "csched:stolen_vcpu <vcpu:V> from cpu <from:I>");
        rule("csched:ratelimit", "csched:ratelimit, <vcpu:V> run only <ran:U>");

        rule(
                "csched2:schedule",
                "csched2:schedule cpu <cpu:I>, rq# <rq:I>, <idle:busy|idle>(?:, <smt_idle:SMT busy|SMT idle=0>)?,"
                        + " <tickled:not tickled|tickled>");
        rule(
                "csched2:burn_credits",
                "csched2:burn_credits <vcpu:V>, credit = <credit:I>(?:, budget = <budget:I=-2147483648>)?, delta ="
                        + " <delta:I>");
        rule(
                "csched2:runq_candidate",
                "csched2:runq_candidate <vcpu:V>, credit = <credit:I>, (?:no cpu|cpu <tickled_cpu:I=-1>) was tickled");
        rule("csched2:update_load", "csched2:update_load");
        rule(
                "csched2:update_rq_load",
                "csched2:update_rq_load rq# <rq:I>, load = <load:I>, avgload = [\\d.]+% \\(<avgload:I>\\), b_avgload ="
                        + " [\\d.]+% \\(<b_avgload:I>\\)");
        rule("csched2:update_vcpu_load", "csched2:update_vcpu_load <vcpu:V>, vcpu_load = [\\d.]+% \\(<vcpu_load:I>\\)");
        rule("csched2:runq_insert", "csched2:runq_insert <vcpu:V>, position <position:I>");
        rule(
                "csched2:runq_tickle_new",
                "csched2:runq_tickle_new <vcpu:V>, processor = <processor:I>, credit = <credit:I>");
        rule("csched2:runq_tickle", "csched2:runq_tickle cpu <cpu:I>");
        rule("csched2:tickle_check", "csched2:tickle_check <vcpu:V>, credit = <credit:I>, score = <score:I>");
        rule("csched2:runq_cand_check", "csched2:runq_cand_check <vcpu:V>");
        rule(
                "csched2:reset_credits",
                "csched2:reset_credits <vcpu:V>, credit_start = <credit_start:I>, credit_end = <credit_end:I>");
        rule("csched2:ratelimit", "csched2:ratelimit, <vcpu:V> run only <ran:U>");
        rule("csched2:picked_cpu", "csched2:picked_cpu <vcpu:V>, rq# <rq:I>, cpu <cpu:I>");
        rule("csched2:update_max_weight", "csched2:update_max_weight rq# <rq:I>, max_weight = <max_weight:I>");
        rule("csched2:migrate", "csched2:migrate <vcpu:V> rq# <from_rq:I> --> rq# <to_rq:I>");
        rule(
                "csched2:load_balance_check",
                "csched2:load_balance_check lrq# <local_rq:I>, orq# <other_rq:I>, delta = <delta:I>");
        rule(
                "csched2:load_balance_begin",
                "csched2:load_balance_begin lrq# <local_rq:I>, avg_load = <local_b_avgload:I> -- orq# <other_rq:I>,"
                        + " avg_load = <other_b_avgload:I>");
        rule("csched2:runq_assign", "csched2:runq_assign <vcpu:V> on rq# <rq:I>");

        rule("rtds:schedule", "rtds:schedule cpu <cpu:I>, , <idle:busy|idle>, <tickled:not tickled|tickled>");
        rule("rtds:burn_budget", "rtds:burn_budget <vcpu:V>, budget = <budget:I>, delta = <delta:I>");
        rule("rtds:runq_tickle", "rtds:runq_tickle cpu <cpu:I>");
        rule("rtds:runq_pick", "rtds:runq_pick <vcpu:V>, deadline = <deadline:I>, budget = <budget:I>");
        rule("rtds:repl_budget", "rtds:repl_budget <vcpu:V>, deadline = <misread1:I>, budget = <misread2:I>");
    }

    private void guests() {
        rule("emulate_privop", "emulate privop\\[ <rip:L> \\]");
        rule("forced_invalid_op", "forced_invalid_op\\[ <rip:L> \\]");
        rule("page_fault", "page_fault\\[ <rip:L> <va:L> <error:X> \\]");
        rule("ptwr", "ptwr l1e <npte:X> eip <rip:X> addr <va:X>");
        rule("math_state_restore", "math state restore");
        rule("trap", "trap <number:X> eip <rip:X>(?: ec <error:X>)?");
        for (String level : new String[] {"hypercall", "hypercall_sub"}) {
            String begin = (level.equals("hypercall") ? "" : " ") + "hypercall +<op:X>";
            rule(level, begin + " \\(mmu_update\\) <arg1:W> updates");
            rule(level, begin + " \\(mmuext_op\\) <arg1:W> ops");
            rule(level, begin + " \\(multicall\\) <arg1:W> calls");
            rule(level, begin + " \\(vcpu_op\\) \\w+ vcpu <arg1:I>");
            rule(level, begin + " \\(grant_table_op\\) \\w+ <arg2:W> ops");
            rule(level, begin + " \\(sched_op\\) <arg0:yield|block|shutdown>");
            rule(level, begin + " \\(mmu_update\\) \\d+ updates \\(preempted\\)");
            rule(level, begin + "(?: \\(\\w+\\))?");
        }
        rule("vmentry", "vmentry(?: cycles \\d+ !?)?");
        rule("vmexit", "vmexit exit_reason \\w+ eip <rip:X>");
        rule("cr_read", "cr_read64 \\[ <cr:X> <value:L> \\]");
        rule("cr_write", "cr_write cr<cr:I> val <value:X>");
        rule("dr_write", "dr_write \\[ \\]");
        rule("msr_read", "msr_read addr <msr:X> val <value:X>");
        rule("msr_write", "msr_write addr <msr:X> val <value:X>");
        rule("cpuid", "cpuid \\[ <leaf:X> <subleaf:X> <eax:X> <ebx:X> <ecx:X> <edx:X> \\]");
        rule("intr", "intr vec \\d+");
        rule("ioport_write", "io write port <port:X> val <data:X>");
        rule("ioport_read", "io read port <port:X> val <data:X>");
        rule("mmio_read", "mmio_assist r gpa <address:X> data <data:X>");
        rule("npf", "npf gpa <gpa:X> q <qualification:X> mfn <mfn:X> t <p2m_type:I>");
        rule("vmmcall", "vmcall +<op:X> \\(\\w+\\)");
        rule("rdtsc", "rdtsc <value:X> \\d+ ");
        rule("inj_virq", "inj_virq vec <vector:I>  <fake:real|fake>");
        rule("inj_exc", "inj_exc trap \\w+ ec <error:X>");
        rule("intr_window", "intr_window vec <vector:I> src <source:I>\\(\\w+\\) intr #");
        rule("hlt", "hlt \\[ <pending:X> \\]");
        rule("lapic_stop_timer", "  84008\\(8:4:8\\) 0 \\[ \\]");
        rule("lapic_stop_timer", "Unknown hvm event: 84008");
    }

    private void rule(String event, String wording) {
        List<Field> fields = new ArrayList<>();
        StringBuilder regex = new StringBuilder();
        Matcher macro = MACRO.matcher(wording);
        while (macro.find()) {
            fields.add(new Field(macro.group(1), macro.group(2), macro.group(3)));
            String group =
                    switch (macro.group(2)) {
                        case "V" -> "(d\\d+v\\d+)";
                        case "I", "W" -> "(-?\\d+)";
                        case "X" -> "([0-9a-f]+)";
                        case "L" -> "([0-9a-f]+ [0-9a-f]+)";
                        case "U" -> MICROS;
                        default -> "(" + macro.group(2) + ")";
                    };
            macro.appendReplacement(regex, Matcher.quoteReplacement(group));
        }
        macro.appendTail(regex);
        rules.computeIfAbsent(firstWord(wording), word -> new ArrayList<>())
                .add(new Rule(event, Pattern.compile(regex.toString()), fields));
    }

    private static String firstWord(String text) {
        int end = 0;
        while (end < text.length() && (Character.isLetterOrDigit(text.charAt(end)) || text.charAt(end) == '_')) {
            end++;
        }
        return text.substring(0, end);
    }

    /** What {@code text} says, or null if no rule knows it. */
    Saying read(String text) {
        for (Rule rule : rules.getOrDefault(firstWord(text), List.of())) {
            Matcher matcher = rule.pattern.matcher(text);
            if (matcher.matches()) {
                Map<String, String> values = new LinkedHashMap<>();
                for (int i = 0; i < rule.fields.size(); i++) {
                    Field field = rule.fields.get(i);
                    String found = matcher.group(i + 1);
                    String value = found == null ? field.absent : value(field.type, found);
                    if (value != null) {
                        values.put(field.name, value);
                    }
                }
                mendReplenishment(values);
                return new Saying(rule.event, values);
            }
        }
        return null;
    }

    /** Xenalyze reads the six words vCPU, padding, deadline, budget without the padding: undo that. */
    private static void mendReplenishment(Map<String, String> values) {
        if (values.containsKey("misread1")) {
            long first = Long.parseUnsignedLong(values.remove("misread1"));
            long second = Long.parseUnsignedLong(values.remove("misread2"));
            values.put("deadline", String.valueOf((first >>> 32) | (second << 32)));
            values.put("budget", String.valueOf(second >>> 32));
        }
    }

    private static String value(String type, String found) {
        return switch (type) {
            case "V", "I" -> found;
            case "W" -> String.valueOf(Integer.toUnsignedLong((int) Long.parseLong(found)));
            case "X" -> String.valueOf(Long.parseUnsignedLong(found, 16));
            case "L" -> {
                String[] words = found.split(" ", 2);
                yield String.valueOf(Long.parseLong(words[0], 16) | (Long.parseLong(words[1], 16) << 32));
            }
            case "U" -> {
                String[] parts = found.split("\\.", 2);
                yield String.valueOf(Long.parseLong(parts[0]) * 1000 + Long.parseLong(parts[1]));
            }
            default -> String.valueOf(List.of(type.split("\\|", -1)).indexOf(found));
        };
    }
}
