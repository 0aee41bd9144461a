package org.xenolith.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A headless Chromium with one page, driven over its DevTools protocol. */
final class Chromium implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long PATIENCE_SECONDS = 60;

    private final Process process;
    private final Path profile;
    private final WebSocket socket;
    private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    private final List<String> complaints = Collections.synchronizedList(new ArrayList<>());
    private volatile CompletableFuture<Void> loaded = new CompletableFuture<>();
    private final List<Runnable> afterOpening = new ArrayList<>();
    private int lastId;

    /** The command that starts a Chromium here, or null if there is none. */
    static String command() {
        return Stream.of("chromium", "chromium-browser", "google-chrome")
                .filter(name -> Stream.of(System.getenv("PATH").split(java.io.File.pathSeparator))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, name))))
                .findFirst()
                .orElse(null);
    }

    /** Starts a browser with an empty page. */
    Chromium() throws IOException, InterruptedException {
        profile = Files.createTempDirectory("chromium");
        process = new ProcessBuilder(
                        command(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--no-first-run",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile,
                        "about:blank")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(pageAddress(), new Listener())
                .join();
        send("Runtime.enable", object());
        send("Log.enable", object());
        send("Page.enable", object());
    }

    /** Has a script run in the next page that is opened, and only there, before the page's own. */
    void beforeNextPage(String script) {
        String id = send("Page.addScriptToEvaluateOnNewDocument", object().put("source", script))
                .path("identifier")
                .asText();
        afterOpening.add(() -> send("Page.removeScriptToEvaluateOnNewDocument", object().put("identifier", id)));
    }

    /** Opens {@code page} in a window of {@code width} by {@code height} CSS pixels, as a phone or as a desktop. */
    void open(Path page, int width, int height, boolean phone) {
        send(
                "Emulation.setDeviceMetricsOverride",
                object().put("width", width)
                        .put("height", height)
                        .put("deviceScaleFactor", phone ? 2 : 1)
                        .put("mobile", phone));
        send("Emulation.setTouchEmulationEnabled", object().put("enabled", phone));
        loaded = new CompletableFuture<>();
        complaints.clear();
        send("Page.navigate", object().put("url", page.toUri().toString()));
        await(loaded);
        afterOpening.forEach(Runnable::run);
        afterOpening.clear();
    }

    /** The page's own socket: the browser writes its port into its profile and tells the pages over HTTP. */
    private URI pageAddress() throws IOException, InterruptedException {
        Path portFile = profile.resolve("DevToolsActivePort");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!Files.exists(portFile) || Files.readAllLines(portFile).size() < 2) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                throw new IOException("chromium did not start");
            }
            Thread.sleep(20);
        }
        String port = Files.readAllLines(portFile).get(0);
        HttpClient http = HttpClient.newHttpClient();
        HttpRequest list = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json"))
                .build();
        while (true) {
            for (JsonNode target : JSON.readTree(
                    http.send(list, HttpResponse.BodyHandlers.ofString()).body())) {
                if (target.path("type").asText().equals("page")) {
                    return URI.create(target.path("webSocketDebuggerUrl").asText());
                }
            }
            if (System.nanoTime() > deadline) {
                throw new IOException("chromium opened no page");
            }
            Thread.sleep(20);
        }
    }

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    /** Sends one command of the protocol and returns its result. */
    JsonNode send(String method, ObjectNode parameters) {
        int id = ++lastId;
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        answers.put(id, answer);
        ObjectNode message = object().put("id", id).put("method", method);
        message.set("params", parameters);
        socket.sendText(message.toString(), true).join();
        JsonNode answered = await(answer);
        if (answered.has("error")) {
            throw new IllegalStateException(method + ": " + answered.get("error"));
        }
        return answered.path("result");
    }

    private static <T> T await(CompletableFuture<T> future) {
        return future.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }

    /** The value of a JavaScript expression; a promise is awaited. */
    JsonNode evaluate(String expression) {
        JsonNode result = send(
                "Runtime.evaluate",
                object().put("expression", expression).put("awaitPromise", true).put("returnByValue", true));
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException(expression + ": " + result.get("exceptionDetails"));
        }
        return result.path("result").path("value");
    }

    /** Waits until {@code condition} holds in the page. */
    void waitFor(String condition) {
        evaluate("new Promise((done, fail) => { const end = performance.now() + 30000; const look = () => {"
                + " if (" + condition + ") done(true);"
                + " else if (performance.now() > end) fail(new Error('timed out'));"
                + " else setTimeout(look, 20); }; look(); })");
    }

    /** Clicks with the mouse at a point of the window. */
    void click(double x, double y) {
        for (String type : List.of("mousePressed", "mouseReleased")) {
            send(
                    "Input.dispatchMouseEvent",
                    object().put("type", type)
                            .put("x", x)
                            .put("y", y)
                            .put("button", "left")
                            .put("buttons", type.equals("mousePressed") ? 1 : 0)
                            .put("clickCount", 1));
        }
    }

    /** Moves the mouse. */
    void move(double x, double y) {
        send(
                "Input.dispatchMouseEvent",
                object().put("type", "mouseMoved").put("x", x).put("y", y));
    }

    /** Turns the wheel at a point of the window. */
    void wheel(double x, double y, double delta) {
        send(
                "Input.dispatchMouseEvent",
                object().put("type", "mouseWheel")
                        .put("x", x)
                        .put("y", y)
                        .put("deltaX", 0)
                        .put("deltaY", delta));
    }

    /** Presses a key, such as {@code ArrowLeft} or {@code +}. */
    void key(String key) {
        for (String type : List.of("keyDown", "keyUp")) {
            send("Input.dispatchKeyEvent", object().put("type", type).put("key", key));
        }
    }

    /** Lays {@code fingers} on the screen, moves them and lifts them: {@code [[x, y], ...]} for each moment. */
    void touch(double[][]... moments) {
        for (int i = 0; i <= moments.length; i++) {
            ObjectNode event =
                    object().put("type", i == 0 ? "touchStart" : i == moments.length ? "touchEnd" : "touchMove");
            var points = event.putArray("touchPoints");
            if (i < moments.length) {
                for (int finger = 0; finger < moments[i].length; finger++) {
                    points.addObject()
                            .put("x", moments[i][finger][0])
                            .put("y", moments[i][finger][1])
                            .put("id", finger);
                }
            }
            send("Input.dispatchTouchEvent", event);
        }
    }

    /** A picture of the whole page as PNG. */
    byte[] screenshot(boolean wholePage) throws IOException {
        return Base64.getDecoder()
                .decode(send("Page.captureScreenshot", object().put("captureBeyondViewport", wholePage))
                        .path("data")
                        .asText());
    }

    /** What the page said on the console as an error or a warning, and what it threw. */
    List<String> complaints() {
        return List.copyOf(complaints);
    }

    @Override
    public void close() throws IOException {
        socket.abort();
        List<ProcessHandle> family = Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .toList();
        family.forEach(ProcessHandle::destroyForcibly);
        family.forEach(member ->
                member.onExit().completeOnTimeout(member, 10, TimeUnit.SECONDS).join());
        // What is left of a profile that is still being written to is the temporary folder's to lose.
        try (Stream<Path> files = Files.walk(profile)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (DirectoryNotEmptyException | UncheckedIOException e) {
            profile.toFile().deleteOnExit();
        }
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                try {
                    heard(JSON.readTree(text.toString()));
                } catch (IOException e) {
                    complaints.add("not JSON: " + e.getMessage());
                }
                text.setLength(0);
            }
            from.request(1);
            return null;
        }

        private void heard(JsonNode message) {
            if (message.has("id")) {
                answers.remove(message.get("id").asInt()).complete(message);
                return;
            }
            JsonNode p = message.path("params");
            switch (message.path("method").asText()) {
                case "Page.loadEventFired" -> loaded.complete(null);
                case "Runtime.exceptionThrown" ->
                    complaints.add(p.path("exceptionDetails").toString());
                case "Log.entryAdded" -> complaints.add(p.path("entry").toString());
                case "Runtime.consoleAPICalled" -> complaints.add(p.path("args").toString());
                default -> {}
            }
        }
    }
}
