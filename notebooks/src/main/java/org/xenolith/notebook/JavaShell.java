package org.xenolith.notebook;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import jdk.jshell.DeclarationSnippet;
import jdk.jshell.Diag;
import jdk.jshell.EvalException;
import jdk.jshell.ExpressionSnippet;
import jdk.jshell.JShell;
import jdk.jshell.JShellException;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import jdk.jshell.UnresolvedReferenceException;
import jdk.jshell.VarSnippet;
import org.xenolith.engine.InputException;

/**
 * Evaluates cells of Java: each snippet of a cell in turn, in this process, until the end or the first that fails. What a
 * cell declares, later cells see. One cell runs at a time; {@link #stop} may be called from any thread.
 */
final class JavaShell implements AutoCloseable {
    private final JShell shell;
    private volatile boolean stopped;

    /**
     * @param startup snippets to run first, one by one
     */
    JavaShell(List<String> startup) {
        shell = JShell.builder()
                .executionEngine("local")
                .compilerOptions("-classpath", System.getProperty("java.class.path"))
                .build();
        startup.forEach(shell::eval);
    }

    /**
     * Runs a cell.
     *
     * @return the name of the variable that holds the value of its last snippet, if that is an expression with a value
     */
    Optional<String> run(String cell) throws CellException {
        stopped = false;
        Set<DeclarationSnippet> unresolved = new LinkedHashSet<>();
        Optional<String> value = Optional.empty();
        String rest = cell.stripLeading();
        while (!rest.isBlank()) {
            CompletionInfo next = shell.sourceCodeAnalysis().analyzeCompletion(rest);
            boolean complete = next.completeness().isComplete();
            int offset = cell.length() - rest.length();
            for (SnippetEvent event : shell.eval(complete ? next.source() : rest)) {
                if (event.causeSnippet() == null) {
                    if (!isUnresolved(event.status())) {
                        check(event, cell, offset);
                    } else if (event.snippet() instanceof DeclarationSnippet declaration) {
                        unresolved.add(declaration);
                    }
                    value = valueOf(event);
                }
            }
            rest = complete ? next.remaining().stripLeading() : "";
        }
        // Declarations of one cell may use each other in any order; what is missing at its end is a mistake.
        unresolved.removeIf(declaration -> !isUnresolved(shell.status(declaration)));
        if (!unresolved.isEmpty()) {
            throw new CellException(unresolved.stream().map(this::describe).toList());
        }
        return value;
    }

    private static boolean isUnresolved(Snippet.Status status) {
        return status == Snippet.Status.RECOVERABLE_DEFINED || status == Snippet.Status.RECOVERABLE_NOT_DEFINED;
    }

    private void check(SnippetEvent event, String cell, int offset) throws CellException {
        Snippet snippet = event.snippet();
        if (stopped) {
            throw new CellException(List.of("Interrupted."));
        }
        if (event.exception() != null) {
            throw new CellException(describe(event.exception()));
        }
        if (event.status() != Snippet.Status.VALID) {
            throw new CellException(shell.diagnostics(snippet)
                    .filter(Diag::isError)
                    .flatMap(error -> describe(error, cell, offset).stream())
                    .toList());
        }
    }

    private static Optional<String> valueOf(SnippetEvent event) {
        if (event.value() == null) {
            return Optional.empty();
        }
        if (event.snippet() instanceof ExpressionSnippet expression) {
            return Optional.of(expression.name());
        }
        return event.snippet() instanceof VarSnippet variable
                        && variable.subKind() == Snippet.SubKind.TEMP_VAR_EXPRESSION_SUBKIND
                ? Optional.of(variable.name())
                : Optional.empty();
    }

    /** A compiler's error, as a compiler shows it. */
    private static List<String> describe(Diag error, String cell, int offset) {
        int at = Math.min(cell.length(), offset + (int) Math.max(0, error.getPosition()));
        int lineStart = cell.lastIndexOf('\n', at - 1) + 1;
        int lineEnd = cell.indexOf('\n', at);
        String line = cell.substring(lineStart, lineEnd < 0 ? cell.length() : lineEnd);
        long number = cell.substring(0, at).chars().filter(c -> c == '\n').count() + 1;
        List<String> message = error.getMessage(Locale.ROOT).lines().toList();
        List<String> lines = new ArrayList<>();
        lines.add("line " + number + ": error: " + message.get(0));
        lines.add("    " + line);
        lines.add("    " + " ".repeat(at - lineStart) + "^");
        message.stream()
                .skip(1)
                .filter(text -> !text.isBlank() && !text.endsWith("location: class "))
                .forEach(lines::add);
        return lines;
    }

    private String describe(DeclarationSnippet declaration) {
        return "error: " + declaration.name() + " uses what does not exist: "
                + shell.unresolvedDependencies(declaration).collect(Collectors.joining(", "));
    }

    /** An exception that a cell threw: what, the frames down to the cell with their source, and its causes. */
    private List<String> describe(JShellException thrown) {
        if (thrown instanceof UnresolvedReferenceException e) {
            return List.of(describe(e.getSnippet()));
        }
        List<String> lines = new ArrayList<>();
        String prefix = "";
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            String name = t instanceof EvalException e
                    ? e.getExceptionClassName()
                    : t.getClass().getName();
            String message = t.getMessage() == null ? "" : ": " + t.getMessage();
            if (name.equals(InputException.class.getName())) {
                lines.add(prefix + t.getMessage());
                return lines;
            }
            lines.add(prefix + name + message);
            for (StackTraceElement frame : t.getStackTrace()) {
                lines.add("    at " + describe(frame));
            }
            prefix = "Caused by: ";
        }
        return lines;
    }

    private String describe(StackTraceElement frame) {
        String file = frame.getFileName();
        if (file == null || !file.startsWith("#")) {
            return frame.toString();
        }
        String source = shell.snippets()
                .filter(s -> file.equals("#" + s.id()))
                .flatMap(s -> s.source().lines().skip(frame.getLineNumber() - 1L))
                .findFirst()
                .orElse("")
                .strip();
        return frame.getMethodName().isEmpty() ? source : frame.getMethodName() + ": " + source;
    }

    /**
     * Ends what the cell does now, if anything. From JDK 21 on, which can no longer stop a thread from outside, a loop of a
     * library that heeds no interrupt runs to its end first.
     */
    void stop() {
        stopped = true;
        shell.stop();
    }

    /** What could stand at a position of a cell. */
    List<SourceCodeAnalysis.Suggestion> suggestions(String cell, int at, int[] anchor) {
        return shell.sourceCodeAnalysis().completionSuggestions(cell, at, anchor);
    }

    @Override
    public void close() {
        shell.close();
    }
}
