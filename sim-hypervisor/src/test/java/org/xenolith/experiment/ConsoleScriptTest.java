package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsoleScriptTest {
    private final Iterator<String> lines = List.of("ls", "echo $((6*7))").iterator();
    private final ConsoleScript script = new ConsoleScript(() -> lines.hasNext() ? lines.next() : null);

    private String typedAfter(String printed) {
        byte[] bytes = printed.getBytes(StandardCharsets.UTF_8);
        script.printed(bytes, bytes.length);
        byte[] typed = script.next();
        return typed == null ? null : new String(typed, StandardCharsets.UTF_8);
    }

    @Test
    void typesEachLineAtAPromptAndThenTheEnd() {
        assertThat(typedAfter("[    1.0] Run /init as init process\r\n")).isNull();
        assertThat(typedAfter("/ ")).isNull();
        assertThat(typedAfter("# ")).isEqualTo("ls\n");
        assertThat(typedAfter("")).as("one line a prompt").isNull();
        assertThat(typedAfter("ls\r\nbin  init\r\n")).isNull();
        assertThat(typedAfter("\u001b[1;32mroot@guest\u001b[0m $ \u001b[6n")).isEqualTo("echo $((6*7))\n");
        assertThat(typedAfter("42\r\n/ # ")).isEqualTo("\u0004");
        assertThat(typedAfter("\r\n/ # ")).as("nothing after the end").isNull();
    }

    @Test
    void aSignWithinALineIsNoPrompt() {
        assertThat(typedAfter("Linux version 6.1 #1 SMP")).isNull();
        assertThat(typedAfter("\r\nprogress: 100 ## ")).isNull();
    }
}
