package org.xenolith.notebook;

import io.github.spencerpark.jupyter.channels.JupyterConnection;
import io.github.spencerpark.jupyter.kernel.BaseKernel;
import io.github.spencerpark.jupyter.kernel.KernelConnectionProperties;
import io.github.spencerpark.jupyter.kernel.LanguageInfo;
import io.github.spencerpark.jupyter.kernel.ReplacementOptions;
import io.github.spencerpark.jupyter.kernel.display.DisplayData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/**
 * A Jupyter kernel for Java. Cells run in this process; the value of a cell's last expression is shown, as well as what it
 * passes to {@code display(value)} or {@code display(text, mimeType)}, such as an {@code image/svg+xml}.
 */
public class Kernel extends BaseKernel {
    /** Imported into every notebook: what IJava imports, so that a notebook runs on both. */
    private static final List<String> PACKAGES = List.of(
            "java.io",
            "java.math",
            "java.net",
            "java.nio.file",
            "java.util",
            "java.util.concurrent",
            "java.util.function",
            "java.util.regex",
            "java.util.stream");

    private static final String DISPLAY =
            "void display(Object value, String... mimeTypes) { org.xenolith.notebook.Kernel.show(value, mimeTypes); }";

    /** The kernel whose cell runs on a thread: each cell has a thread of its own, a child of the one that evaluates it. */
    private static final ThreadLocal<Kernel> RUNNING = new InheritableThreadLocal<>();

    private final JavaShell shell =
            new JavaShell(Stream.concat(PACKAGES.stream().map(p -> "import " + p + ".*;"), Stream.of(DISPLAY))
                    .toList());

    /** Starts a kernel as Jupyter asks for it; its one argument is the connection file. */
    public static void main(String[] args) throws Exception {
        if (args.length != 1) {
            System.err.println("usage: Kernel CONNECTION-FILE (Jupyter gives it, see kernel.json)");
            System.exit(2);
        }
        Logger.getLogger("").setLevel(Level.WARNING);
        JupyterConnection connection =
                new JupyterConnection(KernelConnectionProperties.parse(Files.readString(Path.of(args[0]))));
        new Kernel().becomeHandlerForConnection(connection);
        connection.connect();
        connection.waitUntilClose();
        System.exit(0); // a cell may have left threads running
    }

    /** Shows a value in the notebook; called by {@code display} in a cell. */
    public static void show(Object value, String... mimeTypes) {
        Kernel kernel = RUNNING.get();
        kernel.display(
                mimeTypes.length == 0 ? kernel.renderer.render(value) : kernel.renderer.renderAs(value, mimeTypes));
    }

    @Override
    public synchronized DisplayData eval(String cell) throws CellException {
        RUNNING.set(this);
        try {
            Object value = shell.run(cell);
            return value == null ? null : renderer.render(value);
        } finally {
            RUNNING.remove();
        }
    }

    @Override
    public void interrupt() {
        shell.stop();
    }

    @Override
    public List<String> formatError(Exception e) {
        return e instanceof CellException cell ? cell.lines() : super.formatError(e);
    }

    @Override
    public ReplacementOptions complete(String cell, int at) {
        int[] anchor = {at};
        List<String> words = shell.suggestions(cell, at, anchor).stream()
                .map(s -> s.continuation())
                .distinct()
                .toList();
        return new ReplacementOptions(words, anchor[0], at);
    }

    @Override
    public LanguageInfo getLanguageInfo() {
        return new LanguageInfo.Builder("java")
                .version(Runtime.version().toString())
                .mimetype("text/x-java-source")
                .fileExtension(".java")
                .pygments("java")
                .codemirror("text/x-java")
                .build();
    }

    @Override
    public void onShutdown(boolean restart) {
        shell.stop();
        shell.close();
    }
}
