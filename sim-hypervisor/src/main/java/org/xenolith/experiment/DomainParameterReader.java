package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.hypervisor.DomainParameter;

/**
 * Reads what a scenario gives to schedulers for a domain beside weight and cap: a mapping for all its vCPUs, or a list with one
 * for each. Every name must be one that some scheduler declares; a scheduler takes from it what it knows.
 */
final class DomainParameterReader {
    private final Map<String, List<DomainParameter>> known = new TreeMap<>();

    /** A reader that knows what {@code choices} declare. */
    DomainParameterReader(Collection<SchedulerChoice> choices) {
        choices.stream().map(SchedulerChoice::type).distinct().forEach(type -> {
            for (DomainParameter parameter : type.getAnnotationsByType(DomainParameter.class)) {
                known.computeIfAbsent(parameter.name(), name -> new ArrayList<>())
                        .add(parameter);
            }
        });
    }

    /** Names that some scheduler declares. */
    Collection<String> names() {
        return known.keySet();
    }

    /** One map for each entry of the list; the last stands for the vCPUs that follow. */
    List<Map<String, Long>> read(YamlNode node, int vcpus) {
        List<YamlNode> entries = node.list();
        if (entries.isEmpty() || entries.size() > vcpus) {
            throw node.refuse("'sched' is a mapping, or a list of at most " + vcpus + " for as many vCPUs");
        }
        return entries.stream().map(this::values).toList();
    }

    private Map<String, Long> values(YamlNode node) {
        node.allow(known.keySet());
        Map<String, Long> values = new TreeMap<>();
        node.map().keySet().forEach(name -> values.put(name, value(node.get(name), name)));
        return values;
    }

    /** The value of {@code name} that {@code node} says, which one of those that declare it must take. */
    long value(YamlNode node, String name) {
        List<DomainParameter> declared = known.get(name);
        long value =
                switch (node.text().strip().toLowerCase(Locale.ROOT)) {
                    case "true", "yes", "on" -> 1;
                    case "false", "no", "off" -> 0;
                    default -> node.number(name, Long.MIN_VALUE, Long.MAX_VALUE);
                };
        if (declared.stream().noneMatch(p -> value >= p.min() && value <= p.max())) {
            DomainParameter first = declared.get(0);
            throw node.refuse(name + " must be " + takes(first) + ", not " + node.text());
        }
        return value;
    }

    /** What {@code parameter} takes, such as {@code 10 to 10000000 us}. */
    static String takes(DomainParameter parameter) {
        if (parameter.max() == 1 && parameter.min() == 0 && parameter.unit().isEmpty()) {
            return "true or false";
        }
        String unit = parameter.unit().isEmpty() ? "" : " " + parameter.unit();
        return parameter.max() == Long.MAX_VALUE
                ? "at least " + parameter.min() + unit
                : parameter.min() + " to " + parameter.max() + unit;
    }
}
