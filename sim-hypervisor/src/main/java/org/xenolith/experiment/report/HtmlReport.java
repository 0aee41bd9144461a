package org.xenolith.experiment.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.xenolith.experiment.CellSummary.DomainSummary;

/**
 * Writes a report as one HTML file that needs nothing else: style, script and data stand in it, and its content security
 * policy forbids it to load anything. The page's own parts are resources beside this class's package, under {@code report/}.
 */
public final class HtmlReport {
    /** The script's files, in the order in which they are joined. */
    private static final List<String> SCRIPTS = List.of(
            "format.js",
            "palette.js",
            "columns.js",
            "layers.js",
            "measures.js",
            "rows.js",
            "painter.js",
            "view.js",
            "gantt.js",
            "why.js",
            "charts.js",
            "report.js");

    private final ReportModel model;
    private final OutputStream out;

    private HtmlReport(ReportModel model, OutputStream out) {
        this.model = model;
        this.out = out;
    }

    /**
     * Writes {@code model} to {@code file}, which is replaced if it exists.
     *
     * @throws IOException if it cannot be written
     */
    public static void write(ReportModel model, Path file) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            new HtmlReport(model, out).write();
        }
    }

    /** The template is text with {@code <!--{name}-->} marks; what is put in place of one is not looked at again. */
    private void write() throws IOException {
        String template = resource("report.html");
        int at = 0;
        while (true) {
            int open = template.indexOf("<!--{", at);
            if (open < 0) {
                break;
            }
            int close = template.indexOf("}-->", open);
            text(template.substring(at, open));
            insert(template.substring(open + 5, close));
            at = close + 4;
        }
        text(template.substring(at));
    }

    private void insert(String name) throws IOException {
        ReportTables tables = new ReportTables(model.cells());
        switch (name) {
            case "title" -> text(Html.escape(model.title()));
            case "subtitle" -> text(Html.escape(model.subtitle()));
            case "style" -> text(resource("report.css"));
            case "differences" -> list(model.differences());
            case "notes" -> list(model.notes());
            case "cell-table" -> text(tables.cellTable());
            case "domain-table" -> text(tables.domainTable());
            case "pcpu-table" -> text(tables.pcpuTable());
            case "data" -> data();
            case "script" -> script();
            default -> throw new IllegalStateException("report.html asks for " + name);
        }
    }

    private void text(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    private void list(List<String> lines) throws IOException {
        for (String line : lines) {
            text("<li>" + Html.escape(line) + "</li>\n");
        }
    }

    private void script() throws IOException {
        text("(() => {\n\"use strict\";\n");
        for (String name : SCRIPTS) {
            text(resource(name));
        }
        text("})();\n");
    }

    private void data() throws IOException {
        text("<script type=\"application/json\" id=\"model\">");
        text(Html.jsonInScript(describe()));
        text("</script>\n");
        for (int i = 0; i < model.cells().size(); i++) {
            if (model.cells().get(i).timeline() != null) {
                text("<script type=\"text/plain\" id=\"cell-" + i + "\">");
                columns(model.cells().get(i));
                text("</script>\n");
            }
        }
    }

    private void columns(ReportCell cell) throws IOException {
        OutputStream base64 = Base64.getEncoder().wrap(new Unclosed(out));
        try (OutputStream packed = new BufferedOutputStream(new GZIPOutputStream(base64, 1 << 16), 1 << 16)) {
            CellColumns columns = new CellColumns(cell.tscHertz(), cell.fromTsc(), packed);
            columns.write(cell.timeline());
            columns.write(cell.decisions() == null ? new DecisionLog(0) : cell.decisions());
        }
    }

    private String describe() {
        List<Map<String, Object>> cells = new ArrayList<>();
        for (int i = 0; i < model.cells().size(); i++) {
            cells.add(describe(i, model.cells().get(i)));
        }
        try {
            return new ObjectMapper().writeValueAsString(Map.of("cells", cells));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a report's own description is not JSON", e);
        }
    }

    private static Map<String, Object> describe(int number, ReportCell cell) {
        CellColumns times = new CellColumns(cell.tscHertz(), cell.fromTsc(), OutputStream.nullOutputStream());
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("mark", ReportTables.mark(number));
        out.put("name", cell.summary().name());
        out.put("scheduler", cell.summary().scheduler());
        out.put("status", cell.summary().status());
        out.put("window", times.nanos(cell.toTsc()));
        out.put("pcpus", cell.timeline() == null ? 0 : cell.timeline().pcpus());
        out.put("lostRecords", cell.timeline() == null ? 0 : cell.timeline().lostRecords());
        out.put("hasDecisions", cell.decisions() != null);
        out.put(
                "droppedDecisions",
                cell.decisions() == null ? 0 : cell.decisions().dropped());
        out.put("texts", cell.decisions() == null ? List.of() : cell.decisions().texts());
        List<Map<String, Object>> domains = new ArrayList<>();
        for (DomainSummary d : cell.summary().domains()) {
            Map<String, Object> domain = new LinkedHashMap<>();
            domain.put("id", d.id());
            domain.put("name", d.name());
            domain.put("weight", d.weight());
            domain.put("cap", d.cap());
            domains.add(domain);
        }
        out.put("domains", domains);
        return out;
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = HtmlReport.class.getResourceAsStream("/report/" + name)) {
            if (in == null) {
                throw new IllegalStateException("resource report/" + name + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Keeps the file open when an encoder around it is closed. */
    private static final class Unclosed extends FilterOutputStream {
        Unclosed(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
