package org.xenolith.experiment;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.DomainParameter;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerException;

/** A scheduling policy with values for its parameters, of which any number of instances can be made. */
public final class SchedulerChoice {
    private final Class<? extends Scheduler> type;
    private final Path sourceFile;
    private final List<Field> fields;
    private final Map<String, Object> set = new LinkedHashMap<>();

    /**
     * A policy with its defaults.
     *
     * @param type its class
     * @param sourceFile the file it was compiled from, or null if it is one of the class path
     * @throws InputException if the class is not a policy as {@link Scheduler} describes it
     */
    public SchedulerChoice(Class<? extends Scheduler> type, Path sourceFile) {
        this.type = type;
        this.sourceFile = sourceFile;
        this.fields = new ArrayList<>();
        for (Class<?> c = type; c != null; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                if (field.isAnnotationPresent(Parameter.class)) {
                    fields.add(checked(field));
                }
            }
        }
    }

    private SchedulerChoice(SchedulerChoice other) {
        this.type = other.type;
        this.sourceFile = other.sourceFile;
        this.fields = other.fields;
        this.set.putAll(other.set);
    }

    private Field checked(Field field) {
        int modifiers = field.getModifiers();
        Class<?> t = field.getType();
        boolean holdsAValue =
                t == long.class || t == int.class || t == boolean.class || t == String.class || t.isEnum();
        if (!holdsAValue || Modifier.isStatic(modifiers) || Modifier.isFinal(modifiers)) {
            throw new InputException("scheduler " + name() + ": @Parameter field '" + field.getName()
                    + "' must be a long, int, boolean, String or enum, neither static nor final");
        }
        field.setAccessible(true);
        return field;
    }

    /** Its name: as {@link Policy} says, or its class's. */
    public String name() {
        Policy policy = type.getAnnotation(Policy.class);
        return policy == null ? type.getSimpleName() : policy.name();
    }

    /** What it is, in a line; empty if it does not say. */
    public String title() {
        Policy policy = type.getAnnotation(Policy.class);
        return policy == null ? "" : policy.title();
    }

    /** Where the algorithm comes from; empty if it does not say. */
    public String origin() {
        Policy policy = type.getAnnotation(Policy.class);
        return policy == null ? "" : policy.source();
    }

    /** The file it was compiled from, or null. */
    public Path sourceFile() {
        return sourceFile;
    }

    /** Its class. */
    public Class<? extends Scheduler> type() {
        return type;
    }

    /** Name and those parameters that were set, as it is written on the command line: {@code credit:tslice_ms=5}. */
    public String label() {
        return name()
                + set.entrySet().stream()
                        .map(e -> ":" + e.getKey() + "=" + e.getValue())
                        .collect(Collectors.joining());
    }

    /** What it takes for each domain or vCPU beside weight and cap. */
    public List<DomainParameter> domainParameters() {
        return List.of(type.getAnnotationsByType(DomainParameter.class));
    }

    /** What {@code parameter} takes, such as {@code 10 to 1000000 us}. */
    public static String takes(DomainParameter parameter) {
        return DomainParameterReader.takes(parameter);
    }

    /** Its parameters as they are declared. */
    public List<Parameter> parameters() {
        return fields.stream().map(f -> f.getAnnotation(Parameter.class)).toList();
    }

    /**
     * The same policy with one parameter set to the value that {@code text} says.
     *
     * @throws InputException if there is no such parameter or it takes no such value
     */
    public SchedulerChoice with(String parameter, String text) {
        Field field = field(parameter);
        SchedulerChoice changed = new SchedulerChoice(this);
        changed.set.put(parameter, parse(field, text.strip()));
        return changed;
    }

    private Optional<Field> find(String parameter) {
        return fields.stream()
                .filter(f -> f.getAnnotation(Parameter.class).name().equals(parameter))
                .findFirst();
    }

    private Field field(String parameter) {
        return find(parameter)
                .orElseThrow(() -> new InputException("scheduler " + name() + ": no parameter '" + parameter
                        + "'; it has " + (fields.isEmpty() ? "none" : parameterNames())));
    }

    private String parameterNames() {
        return fields.stream()
                .map(f -> f.getAnnotation(Parameter.class).name() + " (" + takes(f) + ")")
                .collect(Collectors.joining(", "));
    }

    private Object parse(Field field, String text) {
        Parameter parameter = field.getAnnotation(Parameter.class);
        Class<?> t = field.getType();
        Object value = null;
        if (t == String.class) {
            value = text;
        } else if (t == boolean.class) {
            value = switch (text.toLowerCase(Locale.ROOT)) {
                case "true", "yes", "on", "1" -> true;
                case "false", "no", "off", "0" -> false;
                default -> null;
            };
        } else if (t.isEnum()) {
            value = Arrays.stream(t.getEnumConstants())
                    .filter(c -> c.toString().equalsIgnoreCase(text))
                    .findFirst()
                    .orElse(null);
        } else if (text.matches("[+-]?[0-9]{1,18}")) {
            long number = Long.parseLong(text);
            value = number < parameter.min() || number > highest(field) ? null : (Object) number;
        }
        if (value == null) {
            throw new InputException("scheduler " + name() + ": " + parameter.name() + " takes " + takes(field)
                    + ", not '" + text + "'");
        }
        return value;
    }

    private static long highest(Field field) {
        long max = field.getAnnotation(Parameter.class).max();
        return field.getType() == int.class ? Math.min(max, Integer.MAX_VALUE) : max;
    }

    /** What the parameter takes, such as {@code 1 to 1000 ms}. */
    private static String takes(Field field) {
        Parameter parameter = field.getAnnotation(Parameter.class);
        Class<?> t = field.getType();
        if (t == String.class) {
            return "a word";
        }
        if (t == boolean.class) {
            return "true or false";
        }
        if (t.isEnum()) {
            return Arrays.stream(t.getEnumConstants())
                    .map(c -> c.toString().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(", "));
        }
        String unit = parameter.unit().isEmpty() ? "" : " " + parameter.unit();
        return highest(field) == Long.MAX_VALUE
                ? "at least " + parameter.min() + unit
                : parameter.min() + " to " + highest(field) + unit;
    }

    /** What {@code parameter} takes, such as {@code 1 to 1000 ms}. */
    public String takes(Parameter parameter) {
        return takes(fields.stream()
                .filter(f -> f.getAnnotation(Parameter.class).equals(parameter))
                .findFirst()
                .orElseThrow());
    }

    /**
     * A new instance with its parameters set.
     *
     * @throws InputException if the class cannot be instantiated
     * @throws SchedulerException if its constructor throws
     */
    public Scheduler create() {
        try {
            Constructor<? extends Scheduler> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            Scheduler scheduler = constructor.newInstance();
            for (Field field : fields) {
                Object value = set.get(field.getAnnotation(Parameter.class).name());
                if (value != null) {
                    store(field, scheduler, value);
                }
            }
            return scheduler;
        } catch (NoSuchMethodException | InstantiationException e) {
            throw new InputException(
                    "scheduler " + name() + ": must be a top-level or static class, not abstract, with a constructor"
                            + " without arguments",
                    e);
        } catch (InvocationTargetException e) {
            throw new SchedulerException(name() + ": its constructor throws " + e.getCause(), e.getCause());
        } catch (IllegalAccessException e) {
            throw new InputException("scheduler " + name() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Refuses a change of {@code parameter} to {@code text} while an instance runs.
     *
     * @throws InputException if there is no such parameter, it takes no such value, or it cannot be changed any more
     */
    void checkChange(String parameter, String text) {
        with(parameter, text);
        if (!field(parameter).getAnnotation(Parameter.class).changeable()) {
            throw new InputException("scheduler " + name() + ": " + parameter + " cannot be changed while it runs");
        }
    }

    /**
     * Sets those of {@code values} that {@code scheduler} has; {@link Scheduler#reconfigured} is to follow.
     *
     * @throws InputException as {@link #checkChange}
     */
    static void change(Scheduler scheduler, Map<String, String> values) {
        SchedulerChoice choice = new SchedulerChoice(scheduler.getClass(), null);
        Map<String, String> known = new LinkedHashMap<>(values);
        known.keySet().removeIf(name -> choice.find(name).isEmpty());
        known.forEach(choice::checkChange);
        for (Map.Entry<String, String> e : known.entrySet()) {
            Field field = choice.field(e.getKey());
            try {
                store(field, scheduler, choice.parse(field, e.getValue()));
            } catch (IllegalAccessException impossible) {
                throw new InputException("scheduler " + choice.name() + ": " + impossible.getMessage(), impossible);
            }
        }
    }

    private static void store(Field field, Scheduler scheduler, Object value) throws IllegalAccessException {
        if (value instanceof Long number && field.getType() == int.class) {
            field.setInt(scheduler, number.intValue());
        } else {
            field.set(scheduler, value);
        }
    }

    /** Every parameter by name, with the value that a new instance has: a {@code Long}, {@code Boolean} or {@code String}. */
    public Map<String, Object> values() {
        Scheduler scheduler = create();
        Map<String, Object> values = new LinkedHashMap<>();
        for (Field field : fields) {
            try {
                Object value = field.get(scheduler);
                values.put(
                        field.getAnnotation(Parameter.class).name(),
                        value instanceof Integer number
                                ? (Object) number.longValue()
                                : value instanceof Enum<?> e ? e.toString().toLowerCase(Locale.ROOT) : value);
            } catch (IllegalAccessException e) {
                throw new InputException("scheduler " + name() + ": " + e.getMessage(), e);
            }
        }
        return values;
    }

    @Override
    public String toString() {
        return label();
    }
}
