package org.xenolith.scheduler.kit;

import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.experiment.SchedulerChoice;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.Scheduler;

/** Turns a scheduler into the choice that a scenario makes: its class, and the parameters that differ from their defaults. */
final class KitScheduler {
    private static final List<Path> SOURCES = List.of(Path.of("src", "test", "java"), Path.of("src", "main", "java"));

    private KitScheduler() {}

    /** The choice that makes schedulers like {@code contract}'s. */
    static SchedulerChoice of(SchedulerContract contract) {
        Scheduler scheduler = contract.scheduler();
        SchedulerChoice choice = new SchedulerChoice(scheduler.getClass(), null);
        Map<String, Object> defaults = choice.values();
        for (Field field : parameters(scheduler)) {
            String name = field.getAnnotation(Parameter.class).name();
            String value = value(field, scheduler);
            if (!value.equalsIgnoreCase(String.valueOf(defaults.get(name)))) {
                choice = choice.with(name, value);
            }
        }
        return choice;
    }

    private static List<Field> parameters(Scheduler scheduler) {
        List<Field> fields = new ArrayList<>();
        for (Class<?> c = scheduler.getClass(); c != null; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                if (field.isAnnotationPresent(Parameter.class)) {
                    field.setAccessible(true);
                    fields.add(field);
                }
            }
        }
        return fields;
    }

    private static String value(Field field, Scheduler scheduler) {
        try {
            return String.valueOf(field.get(scheduler));
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * What a scenario file in {@code folder} has under {@code schedulers} for {@code contract}'s: a name, or the path of the source.
     */
    static String yaml(SchedulerContract contract, Path folder) {
        Scheduler scheduler = contract.scheduler();
        SchedulerChoice plain = new SchedulerChoice(scheduler.getClass(), null);
        boolean known =
                new SchedulerCatalog().all().stream().anyMatch(c -> c.type().equals(scheduler.getClass()));
        StringBuilder text = new StringBuilder("{name: \"")
                .append(known ? plain.name() : source(scheduler.getClass(), folder))
                .append("\", parameters: {");
        String comma = "";
        for (Field field : parameters(scheduler)) {
            String name = field.getAnnotation(Parameter.class).name();
            String value = value(field, scheduler);
            if (!value.equalsIgnoreCase(String.valueOf(plain.values().get(name)))) {
                text.append(comma).append(name).append(": ").append(value.toLowerCase(Locale.ROOT));
                comma = ", ";
            }
        }
        return text.append("}}").toString();
    }

    private static String source(Class<?> type, Path folder) {
        String file = type.getName().replaceFirst("\\$.*", "").replace('.', '/') + ".java";
        for (Path root : SOURCES) {
            Path path = root.resolve(file);
            if (Files.exists(path)) {
                return folder.toAbsolutePath()
                        .normalize()
                        .relativize(path.toAbsolutePath())
                        .toString()
                        .replace('\\', '/');
            }
        }
        return type.getSimpleName() + ".java";
    }
}
