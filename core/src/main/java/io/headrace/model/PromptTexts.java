package io.headrace.model;

import io.headrace.model.Part.CachePoint;
import io.headrace.model.Part.Document;
import io.headrace.model.Part.Image;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.model.Part.ToolResult;
import java.util.ArrayList;
import java.util.List;

/** All texts of a request that become tokens of the prompt, and how many images and documents besides. For one request. */
final class PromptTexts {

    private final List<String> texts = new ArrayList<>();
    private int images;
    private int documents;

    private PromptTexts() {}

    static PromptTexts of(ChatRequest request) {
        PromptTexts all = new PromptTexts();
        for (Message message : request.messages()) {
            all.add(message.parts());
        }
        for (Tool tool : request.tools()) {
            all.texts.add(tool.name());
            all.texts.add(tool.description());
            all.texts.add(tool.parameters().json());
        }
        if (request.answerFormat() instanceof AnswerFormat.Schema schema) {
            all.texts.add(schema.name());
            all.texts.add(schema.description());
            all.texts.add(schema.schema().json());
        }
        return all;
    }

    List<String> texts() {
        return texts;
    }

    int images() {
        return images;
    }

    int documents() {
        return documents;
    }

    private void add(List<Part> parts) {
        for (Part part : parts) {
            if (part instanceof Text text) {
                texts.add(text.text());
            } else if (part instanceof Refusal refusal) {
                texts.add(refusal.text());
            } else if (part instanceof Reasoning thought) {
                texts.addAll(List.of(thought.text(), thought.signature(), thought.encrypted()));
            } else if (part instanceof ToolCall call) {
                texts.addAll(List.of(call.id(), call.name(), call.arguments()));
            } else if (part instanceof ToolResult result) {
                texts.add(result.callId());
                add(result.content());
            } else if (part instanceof Image) {
                images++;
            } else if (part instanceof Document) {
                documents++;
            } else if (!(part instanceof CachePoint)) {
                throw new IllegalStateException("no text of a " + part.getClass());
            }
        }
    }
}
