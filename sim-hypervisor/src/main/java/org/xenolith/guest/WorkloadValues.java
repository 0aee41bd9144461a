package org.xenolith.guest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.xenolith.engine.InputException;

/** A checked value for each parameter of a workload. */
public final class WorkloadValues {
    private static final long NANOS_IN_MICRO = 1000;

    private final Map<String, Object> values = new LinkedHashMap<>();

    /**
     * The values {@code given}, and defaults for the rest.
     *
     * @throws InputException if {@code kind} has no such parameter or it takes no such value
     */
    WorkloadValues(WorkloadKind kind, Map<String, ?> given) {
        List<String> names =
                kind.parameters().stream().map(WorkloadParameter::name).collect(Collectors.toList());
        for (String name : given.keySet()) {
            if (!names.contains(name)) {
                throw new InputException("workload " + kind.name() + ": no parameter '" + name + "'; it has "
                        + (names.isEmpty() ? "none" : String.join(", ", names)));
            }
        }
        for (WorkloadParameter parameter : kind.parameters()) {
            String name = parameter.name();
            values.put(
                    name,
                    given.containsKey(name)
                            ? parameter.checked(kind.name(), given.get(name))
                            : parameter.defaultValue());
        }
    }

    /** A number. */
    public long number(String name) {
        return (Long) values.get(name);
    }

    /** A duration that is given in microseconds, in nanoseconds. */
    public long nanos(String name) {
        return number(name) * NANOS_IN_MICRO;
    }

    /** A switch. */
    public boolean flag(String name) {
        return (Boolean) values.get(name);
    }

    /** A name; empty if none was given. */
    public String text(String name) {
        return (String) values.get(name);
    }

    /** All of them, by name. */
    public Map<String, Object> asMap() {
        return Map.copyOf(values);
    }
}
