package org.xenolith.guest;

import java.util.Locale;
import org.xenolith.engine.InputException;

/**
 * A parameter of a synthetic workload.
 *
 * @param name its name in scenarios
 * @param unit unit of a number, such as {@code us}; {@code file} for the name of a file, empty otherwise
 * @param defaultValue its default, by whose class the parameter takes a number ({@code Long}), a switch ({@code Boolean})
 *     or a name ({@code String})
 * @param min lowest number
 * @param max highest number
 * @param help what it does, in a line
 */
public record WorkloadParameter(String name, String unit, Object defaultValue, long min, long max, String help) {
    /** The longest duration, in us: 1000 s. */
    static final long MAX_MICROS = 1_000_000_000L;

    private static final String FILE = "file";

    static WorkloadParameter micros(String name, long defaultValue, long min, String help) {
        return new WorkloadParameter(name, "us", defaultValue, min, MAX_MICROS, help);
    }

    static WorkloadParameter number(String name, String unit, long defaultValue, long min, long max, String help) {
        return new WorkloadParameter(name, unit, defaultValue, min, max, help);
    }

    static WorkloadParameter flag(String name, boolean defaultValue, String help) {
        return new WorkloadParameter(name, "", defaultValue, 0, 0, help);
    }

    static WorkloadParameter text(String name, String help) {
        return text(name, "", help);
    }

    static WorkloadParameter text(String name, String defaultValue, String help) {
        return new WorkloadParameter(name, "", defaultValue, 0, 0, help);
    }

    static WorkloadParameter file(String name, String help) {
        return new WorkloadParameter(name, FILE, "", 0, 0, help);
    }

    /** Whether it names a file, which scenarios give beside themselves. */
    public boolean isFile() {
        return unit.equals(FILE);
    }

    /** {@code value} in the parameter's class, if it is one it takes. */
    Object checked(String workload, Object value) {
        Object checked = defaultValue instanceof Long
                ? toNumber(value)
                : defaultValue instanceof Boolean ? toFlag(value) : value instanceof String ? value : null;
        if (checked == null) {
            throw new InputException("workload " + workload + ": " + name + " must be " + takes() + ", not " + value);
        }
        return checked;
    }

    /** What it takes, such as {@code a whole number from 1 to 1000 us}. */
    public String takes() {
        return defaultValue instanceof Long
                ? "a whole number from " + min + " to " + max + (unit.isEmpty() ? "" : " " + unit)
                : defaultValue instanceof Boolean ? "true or false" : isFile() ? "a file" : "a name";
    }

    private Long toNumber(Object value) {
        long number;
        if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
            number = ((Number) value).longValue();
        } else if (value instanceof String text && text.matches("-?[0-9]{1,18}")) {
            number = Long.parseLong(text);
        } else {
            return null;
        }
        return number < min || number > max ? null : (Long) number;
    }

    private static Object toFlag(Object value) {
        return switch (String.valueOf(value).toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> null;
        };
    }
}
