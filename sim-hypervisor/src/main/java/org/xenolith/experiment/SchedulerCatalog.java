package org.xenolith.experiment;

import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Scheduler;

/**
 * Finds scheduling policies: those that {@link ServiceLoader} knows, by name, and any other given as a Java source file.
 *
 * <p>A choice is written {@code NAME} or {@code FILE.java}, each with parameters behind it if wanted:
 * {@code credit:tslice_ms=5:ratelimit_us=0}. Several are separated by commas.
 */
public final class SchedulerCatalog {
    private static final String SOURCE_SUFFIX = ".java";

    private final SortedMap<String, SchedulerChoice> byName = new TreeMap<>();

    /** The catalogue of the class path. */
    public SchedulerCatalog() {
        for (ServiceLoader.Provider<Scheduler> provider :
                ServiceLoader.load(Scheduler.class).stream().toList()) {
            SchedulerChoice choice = new SchedulerChoice(provider.type(), null);
            byName.put(choice.name(), choice);
        }
    }

    private SchedulerCatalog(SchedulerCatalog other) {
        byName.putAll(other.byName);
    }

    /** The same catalogue with {@code choice} in it, by its name. */
    public SchedulerCatalog with(SchedulerChoice choice) {
        SchedulerCatalog more = new SchedulerCatalog(this);
        more.byName.put(choice.name(), choice);
        return more;
    }

    /** All policies of the class path, by name. */
    public List<SchedulerChoice> all() {
        return List.copyOf(byName.values());
    }

    /**
     * Reads choices separated by commas. A piece such as {@code ratelimit_us=0} belongs to the choice before it.
     *
     * @throws InputException if one does not exist, does not compile, or has no such parameter
     */
    public List<SchedulerChoice> parseAll(String text) {
        List<String> pieces = new ArrayList<>();
        for (String piece : text.split(",", -1)) {
            String trimmed = piece.strip();
            if (trimmed.isEmpty()) {
                throw new InputException("'" + text + "': a scheduler is missing between commas");
            }
            if (!pieces.isEmpty() && trimmed.matches("[A-Za-z0-9_]+=.*")) {
                pieces.set(pieces.size() - 1, pieces.get(pieces.size() - 1) + ":" + trimmed);
            } else {
                pieces.add(trimmed);
            }
        }
        return pieces.stream().map(piece -> parse(piece, Path.of(""))).toList();
    }

    /**
     * Reads one choice.
     *
     * @param folder what a source file's path is relative to
     * @throws InputException as {@link #parseAll}
     */
    public SchedulerChoice parse(String text, Path folder) {
        int endOfSource = text.indexOf(SOURCE_SUFFIX);
        int nameEnd = endOfSource < 0 ? text.indexOf(':') : endOfSource + SOURCE_SUFFIX.length();
        String name = nameEnd < 0 ? text : text.substring(0, nameEnd);
        String rest = nameEnd < 0 || nameEnd == text.length() ? "" : text.substring(nameEnd + 1);
        SchedulerChoice choice = endOfSource < 0 ? named(name) : compiled(folder.resolve(name));
        if (nameEnd >= 0 && nameEnd < text.length() && text.charAt(nameEnd) != ':') {
            throw new InputException("'" + text + "': parameters follow the scheduler behind a colon");
        }
        for (String assignment : rest.isEmpty() ? new String[0] : rest.split(":", -1)) {
            int equals = assignment.indexOf('=');
            if (equals < 1) {
                throw new InputException(
                        "'" + text + "': '" + assignment + "' is no parameter; write " + name + ":PARAMETER=VALUE");
            }
            choice = choice.with(assignment.substring(0, equals).strip(), assignment.substring(equals + 1));
        }
        return choice;
    }

    /**
     * The policy {@code text}, as {@link #parse}, with {@code parameters} set besides.
     *
     * @throws InputException as {@link #parseAll}
     */
    public SchedulerChoice parse(String text, Path folder, Map<String, String> parameters) {
        SchedulerChoice choice = parse(text, folder);
        for (Map.Entry<String, String> parameter : parameters.entrySet()) {
            choice = choice.with(parameter.getKey(), parameter.getValue());
        }
        return choice;
    }

    private SchedulerChoice named(String name) {
        SchedulerChoice choice = byName.get(name);
        if (choice == null) {
            throw new InputException("no scheduler '" + name + "'; there are " + String.join(", ", byName.keySet())
                    + ", or name a Java source file");
        }
        return choice;
    }

    private static SchedulerChoice compiled(Path source) {
        String fileName = source.getFileName().toString();
        String className = fileName.substring(0, fileName.length() - SOURCE_SUFFIX.length());
        Class<? extends Scheduler> found = null;
        for (Class<?> type : SourceCompiler.compile(source)) {
            boolean policy = Scheduler.class.isAssignableFrom(type) && !Modifier.isAbstract(type.getModifiers());
            if (policy && (found == null || type.getSimpleName().equals(className))) {
                found = type.asSubclass(Scheduler.class);
            }
        }
        if (found == null) {
            throw new InputException(source + ": no class in it implements " + Scheduler.class.getName());
        }
        return new SchedulerChoice(found, source);
    }
}
