package org.xenolith.experiment;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.xenolith.engine.InputException;

/** Compiles one Java source file into memory and loads its classes. Files beside it that it refers to are compiled with it. */
final class SourceCompiler {
    private final Path source;
    private final Map<String, ByteArrayOutputStream> classes = new TreeMap<>();

    private SourceCompiler(Path source) {
        this.source = source;
    }

    /**
     * Compiles {@code source} against the simulator's own class path.
     *
     * @return all classes it came to, in the order of their names
     * @throws InputException with the compiler's own lines if it does not compile
     */
    static List<Class<?>> compile(Path source) {
        return new SourceCompiler(source).compile();
    }

    private List<Class<?>> compile() {
        if (!Files.isReadable(source) || Files.isDirectory(source)) {
            throw new InputException(source + ": no such file, or it may not be read");
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new InputException(source + ": cannot be compiled: this Java has no compiler; run on a JDK");
        }
        StringWriter said = new StringWriter();
        Path folder = source.toAbsolutePath().getParent();
        List<String> options = List.of(
                "-g",
                "-proc:none",
                "-Xlint:none",
                "-nowarn",
                "-implicit:class",
                "-classpath",
                System.getProperty("java.class.path"),
                "-sourcepath",
                folder.toString());
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            boolean compiled = compiler.getTask(
                            said, new ToMemory(files), null, options, null, files.getJavaFileObjects(source.toFile()))
                    .call();
            if (!compiled) {
                throw new InputException(said.toString().strip());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return load();
    }

    private List<Class<?>> load() {
        ClassLoader loader = new FromMemory();
        List<Class<?>> loaded = new ArrayList<>();
        try {
            for (String name : classes.keySet()) {
                loaded.add(loader.loadClass(name));
            }
        } catch (ClassNotFoundException | LinkageError e) {
            throw new InputException(source + ": compiled, but cannot be loaded: " + e.getMessage(), e);
        }
        return loaded;
    }

    /** Finds classes among those just compiled, and all others where the simulator's are. */
    private final class FromMemory extends ClassLoader {
        FromMemory() {
            super(SourceCompiler.class.getClassLoader());
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            ByteArrayOutputStream bytes = classes.get(name);
            if (bytes == null) {
                throw new ClassNotFoundException(name);
            }
            return defineClass(name, bytes.toByteArray(), 0, bytes.size());
        }
    }

    /** Keeps class files in memory. */
    private final class ToMemory extends ForwardingJavaFileManager<JavaFileManager> {
        ToMemory(JavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
            URI uri = URI.create("memory:///" + className.replace('.', '/') + kind.extension);
            return new SimpleJavaFileObject(uri, kind) {
                @Override
                public OutputStream openOutputStream() {
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    classes.put(className, bytes);
                    return bytes;
                }
            };
        }
    }
}
