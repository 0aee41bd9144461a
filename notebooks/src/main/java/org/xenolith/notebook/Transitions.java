package org.xenolith.notebook;

import static guru.nidi.graphviz.model.Factory.node;
import static guru.nidi.graphviz.model.Factory.to;

import guru.nidi.graphviz.attribute.Font;
import guru.nidi.graphviz.attribute.Label;
import guru.nidi.graphviz.attribute.Rank;
import guru.nidi.graphviz.attribute.Shape;
import guru.nidi.graphviz.engine.Format;
import guru.nidi.graphviz.engine.Graphviz;
import guru.nidi.graphviz.engine.GraphvizCmdLineEngine;
import guru.nidi.graphviz.engine.GraphvizException;
import guru.nidi.graphviz.model.Factory;
import guru.nidi.graphviz.model.Graph;
import guru.nidi.graphviz.model.Node;
import java.util.Locale;
import org.xenolith.experiment.report.Timeline;

/** Draws how often the vCPUs of a domain went from one runstate to another, as a graph. */
final class Transitions {
    /** By number, as in Xen. */
    private static final String[] STATES = {"RUNNING", "RUNNABLE", "BLOCKED", "OFFLINE"};

    private Transitions() {}

    /** The picture, or the text that {@code dot} would draw, where there is no {@code dot}. */
    static Figure draw(Timeline timeline, int domain) {
        Graph graph = graph(timeline, domain);
        try {
            Graphviz.useEngine(new GraphvizCmdLineEngine());
            return Figure.svg(Graphviz.fromGraph(graph).render(Format.SVG).toString());
        } catch (GraphvizException e) {
            return Figure.text("Install Graphviz to see this as a picture:\n\n" + graph);
        } finally {
            Graphviz.releaseEngine();
        }
    }

    /** The graph; as text it is in Graphviz's language. */
    static Graph graph(Timeline timeline, int domain) {
        long[][] counts = new long[STATES.length][STATES.length];
        for (Timeline.Vcpu vcpu : timeline.vcpus()) {
            for (int i = 1; vcpu.domain() == domain && i < vcpu.size(); i++) {
                if (vcpu.state(i - 1) < STATES.length && vcpu.state(i) < STATES.length) {
                    counts[vcpu.state(i - 1)][vcpu.state(i)]++;
                }
            }
        }
        Graph graph = Factory.graph("runstates")
                .directed()
                .graphAttr()
                .with(Rank.dir(Rank.RankDir.LEFT_TO_RIGHT))
                .nodeAttr()
                .with(Shape.BOX, Font.name("sans-serif"))
                .linkAttr()
                .with(Font.name("sans-serif"));
        for (int from = 0; from < STATES.length; from++) {
            for (int into = 0; into < STATES.length; into++) {
                if (counts[from][into] > 0) {
                    Node target = node(STATES[into]);
                    String count = String.format(Locale.ROOT, "%,d", counts[from][into]);
                    graph = graph.with(node(STATES[from]).link(to(target).with(Label.of(count))));
                }
            }
        }
        return graph;
    }
}
