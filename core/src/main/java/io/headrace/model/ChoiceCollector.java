package io.headrace.model;

import io.headrace.model.ChatDelta.OfChoice;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Puts one choice together. A part begins where the kind of delta changes; tool calls go by their index. */
final class ChoiceCollector {

    private final int index;
    private final List<Open> parts = new ArrayList<>();
    private final Map<Integer, OpenCall> calls = new HashMap<>();
    private final List<TokenLogprob> logprobs = new ArrayList<>();
    private FinishReason finishReason = FinishReason.OTHER;
    private String providerReason = "";

    ChoiceCollector(int index) {
        this.index = index;
    }

    void add(OfChoice delta) {
        if (delta instanceof ChatDelta.Text text) {
            if (!text.text().isEmpty()) {
                open(OpenText.class, OpenText::new).text.append(text.text());
            }
        } else if (delta instanceof ChatDelta.Refusal refusal) {
            open(OpenRefusal.class, OpenRefusal::new).text.append(refusal.text());
        } else if (delta instanceof ChatDelta.Reasoning reasoning) {
            add(reasoning);
        } else if (delta instanceof ChatDelta.ToolCall call) {
            OpenCall open = calls.computeIfAbsent(call.index(), first -> opened(new OpenCall()));
            open.id = open.id.isEmpty() ? call.id() : open.id;
            open.name = open.name.isEmpty() ? call.name() : open.name;
            open.arguments.append(call.arguments());
        } else if (delta instanceof ChatDelta.Logprobs more) {
            logprobs.addAll(more.tokens());
        } else if (delta instanceof ChatDelta.Finish finish) {
            finishReason = finish.reason();
            providerReason = finish.providerReason();
        }
    }

    private void add(ChatDelta.Reasoning delta) {
        OpenReasoning open = open(OpenReasoning.class, OpenReasoning::new);
        if (!open.goesOnWith(delta.id())) {
            open = opened(new OpenReasoning());
        }
        open.id = delta.id().isEmpty() ? open.id : delta.id();
        open.text.append(delta.text());
        open.signature = delta.signature();
        open.encrypted = delta.encrypted();
    }

    Choice choice() {
        List<Part> complete = new ArrayList<>(parts.size());
        for (Open part : parts) {
            complete.add(part.close());
        }
        return new Choice(index, complete, finishReason, providerReason, logprobs);
    }

    /** The part that deltas of a kind go on with: the last one if it is of that kind, else a new one. */
    private <T extends Open> T open(Class<T> kind, Supplier<T> anew) {
        Open last = parts.isEmpty() ? null : parts.get(parts.size() - 1);
        return kind.isInstance(last) ? kind.cast(last) : opened(anew.get());
    }

    private <T extends Open> T opened(T part) {
        parts.add(part);
        return part;
    }

    /** A part that more deltas may come for. */
    private interface Open {

        Part close();
    }

    private static final class OpenText implements Open {

        private final StringBuilder text = new StringBuilder();

        @Override
        public Part close() {
            return new Part.Text(text.toString());
        }
    }

    private static final class OpenRefusal implements Open {

        private final StringBuilder text = new StringBuilder();

        @Override
        public Part close() {
            return new Part.Refusal(text.toString());
        }
    }

    private static final class OpenReasoning implements Open {

        private final StringBuilder text = new StringBuilder();
        private String id = "";
        private String signature = "";
        private String encrypted = "";

        boolean goesOnWith(String nextId) {
            return new Part.Reasoning(id, "", signature, encrypted).goesOnWith(nextId);
        }

        @Override
        public Part close() {
            return new Part.Reasoning(id, text.toString(), signature, encrypted);
        }
    }

    private static final class OpenCall implements Open {

        private final StringBuilder arguments = new StringBuilder();
        private String id = "";
        private String name = "";

        @Override
        public Part close() {
            return new Part.ToolCall(id, name, arguments.toString());
        }
    }
}
