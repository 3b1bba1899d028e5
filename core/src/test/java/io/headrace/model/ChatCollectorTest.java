package io.headrace.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Usage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChatCollectorTest {

    private static final ChatDelta.End END = new ChatDelta.End("id", "m", Usage.of(1, 2), "req", "default");

    /** Any answer, cut into deltas anywhere and with those of its choices mixed, is the same answer again. */
    @Test
    void anyAnswerInAnyPieces_comesTogetherAgain() {
        Random random = new Random(11);
        for (int round = 0; round < 5_000; round++) {
            ChatResponse answer = answer(random);
            ChatCollector whole = ChatCollector.create();
            ChatDelta.of(answer).forEach(whole::add);
            assertThat(whole.answer()).isEqualTo(answer);
            ChatCollector pieces = ChatCollector.create();
            pieces(answer, random).forEach(pieces::add);
            assertThat(pieces.answer()).isEqualTo(answer);
        }
    }

    @Test
    void toolCallsByIndex_mayInterleave() {
        ChatCollector collector = ChatCollector.create()
                .add(new ChatDelta.ToolCall(0, 0, "c1", "f", ""))
                .add(new ChatDelta.ToolCall(0, 1, "c2", "g", "{"))
                .add(new ChatDelta.ToolCall(0, 0, "", "", "{}"))
                .add(new ChatDelta.ToolCall(0, 1, "", "", "}"))
                .add(END);
        assertThat(collector.answer().toolCalls())
                .containsExactly(new Part.ToolCall("c1", "f", "{}"), new Part.ToolCall("c2", "g", "{}"));
    }

    @Test
    void reasoning_endsWithItsSignatureOrAnotherId() {
        ChatCollector collector = ChatCollector.create()
                .add(new ChatDelta.Reasoning(0, "a"))
                .add(new ChatDelta.Reasoning(0, "", "b", "", ""))
                .add(new ChatDelta.Reasoning(0, "", "", "sig", ""))
                .add(new ChatDelta.Reasoning(0, "", "", "", "hidden"))
                .add(new ChatDelta.Reasoning(0, "r1", "c", "", ""))
                .add(new ChatDelta.Reasoning(0, "r2", "d", "", ""))
                .add(END);
        assertThat(collector.answer().choice().parts())
                .containsExactly(
                        new Part.Reasoning("", "ab", "sig", ""),
                        new Part.Reasoning("", "", "", "hidden"),
                        new Part.Reasoning("r1", "c", "", ""),
                        new Part.Reasoning("r2", "d", "", ""));
    }

    @Test
    void endWithoutAnyDelta_isAnEmptyAnswer() {
        ChatResponse answer = ChatCollector.create().add(END).answer();
        assertThat(answer.text()).isEmpty();
        assertThat(answer.finishReason()).isEqualTo(FinishReason.OTHER);
    }

    @Test
    void withoutAnEnd_thereIsNoAnswer() {
        ChatCollector collector = ChatCollector.create().add(new ChatDelta.Text(0, "half of"));
        assertThatThrownBy(collector::answer).hasMessageContaining("without its end marker");
    }

    @Test
    void deltas_hideTheirTexts() {
        for (ChatDelta delta : List.of(
                new ChatDelta.Text(0, "secret"),
                new ChatDelta.Refusal(0, "secret"),
                new ChatDelta.Reasoning(0, "secret"),
                new ChatDelta.ToolCall(0, 0, "c", "f", "secret"),
                new ChatDelta.Logprobs(0, List.of(new TokenLogprob("secret", -1))))) {
            assertThat(delta.toString()).doesNotContain("secret");
        }
    }

    private static ChatResponse answer(Random random) {
        List<Choice> choices = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            List<Part> parts = new ArrayList<>();
            for (int j = random.nextInt(5); j > 0; j--) {
                String text = "abcdef".substring(random.nextInt(6));
                parts.add(
                        switch (random.nextInt(4)) {
                            case 0 -> new Part.Text(text);
                            case 1 -> new Part.Refusal(text);
                            case 2 ->
                                new Part.Reasoning(
                                        random.nextBoolean() ? "" : "r" + random.nextInt(2),
                                        text,
                                        random.nextBoolean() ? "" : "sig",
                                        "");
                            default -> new Part.ToolCall("c" + j, "f", text);
                        });
            }
            List<TokenLogprob> logprobs =
                    random.nextBoolean() ? List.of() : List.of(new TokenLogprob("a", -1), new TokenLogprob("b", -2));
            choices.add(new Choice(i, parts, FinishReason.values()[random.nextInt(6)], "why", logprobs));
        }
        return new ChatResponse("id", "m", choices, Usage.of(random.nextInt(9), 1), "req", "");
    }

    /** The deltas of each choice cut further and then mixed, each choice in its own order. */
    private static List<ChatDelta> pieces(ChatResponse answer, Random random) {
        List<Integer> order = new ArrayList<>();
        List<List<ChatDelta>> byChoice = new ArrayList<>();
        for (int i = 0; i < answer.choices().size(); i++) {
            byChoice.add(new ArrayList<>());
        }
        List<ChatDelta> all = ChatDelta.of(answer);
        for (ChatDelta delta : all.subList(0, all.size() - 1)) {
            int choice = ((ChatDelta.OfChoice) delta).choice();
            for (ChatDelta piece : cut(delta, random)) {
                byChoice.get(choice).add(piece);
                order.add(choice);
            }
        }
        Collections.shuffle(order, random);
        List<ChatDelta> mixed = new ArrayList<>();
        for (int choice : order) {
            mixed.add(byChoice.get(choice).remove(0));
        }
        mixed.add(all.get(all.size() - 1));
        return mixed;
    }

    private static List<ChatDelta> cut(ChatDelta delta, Random random) {
        if (delta instanceof ChatDelta.Text text) {
            int at = random.nextInt(text.text().length() + 1);
            return List.of(
                    new ChatDelta.Text(text.choice(), text.text().substring(0, at)),
                    new ChatDelta.Text(text.choice(), text.text().substring(at)));
        } else if (delta instanceof ChatDelta.ToolCall call) {
            int at = random.nextInt(call.arguments().length() + 1);
            String first = call.arguments().substring(0, at);
            String rest = call.arguments().substring(at);
            return List.of(
                    new ChatDelta.ToolCall(call.choice(), call.index(), call.id(), call.name(), first),
                    new ChatDelta.ToolCall(call.choice(), call.index(), "", "", rest));
        } else if (delta instanceof ChatDelta.Reasoning thought) {
            int at = random.nextInt(thought.text().length() + 1);
            return List.of(
                    new ChatDelta.Reasoning(
                            thought.choice(), thought.id(), thought.text().substring(0, at), "", ""),
                    new ChatDelta.Reasoning(
                            thought.choice(),
                            thought.id(),
                            thought.text().substring(at),
                            thought.signature(),
                            thought.encrypted()));
        } else if (delta instanceof ChatDelta.Logprobs tokens && tokens.tokens().size() > 1) {
            return List.of(
                    new ChatDelta.Logprobs(tokens.choice(), tokens.tokens().subList(0, 1)),
                    new ChatDelta.Logprobs(
                            tokens.choice(),
                            tokens.tokens().subList(1, tokens.tokens().size())));
        }
        return List.of(delta);
    }
}
