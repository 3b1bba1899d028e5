package io.headrace.cache;

import io.headrace.Usage;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import java.util.ArrayList;
import java.util.List;

/** The choices of chat answers, one for each that {@link ChatRequest#n} asks for. */
final class ChatSeveral implements SeveralAnswers<ChatRequest, ChatResponse> {

    static final ChatSeveral INSTANCE = new ChatSeveral();

    private ChatSeveral() {}

    @Override
    public int count(ChatRequest request) {
        return request.n() == null ? 1 : request.n();
    }

    @Override
    public ChatRequest withCount(ChatRequest request, int count) {
        return count(request) == count
                ? request
                : request.toBuilder().n(count == 1 ? null : count).build();
    }

    @Override
    public List<ChatResponse> split(ChatResponse answer) {
        List<ChatResponse> each = new ArrayList<>(answer.choices().size());
        for (Choice choice : answer.choices()) {
            Usage usage = each.isEmpty() ? answer.usage() : Usage.ZERO;
            each.add(with(answer, List.of(at(0, choice)), usage));
        }
        return each;
    }

    @Override
    public ChatResponse join(List<ChatResponse> answers) {
        List<Choice> choices = new ArrayList<>(answers.size());
        Usage usage = Usage.ZERO;
        for (ChatResponse answer : answers) {
            for (Choice choice : answer.choices()) {
                choices.add(at(choices.size(), choice));
            }
            usage = usage.plus(answer.usage());
        }
        return with(answers.get(0), choices, usage);
    }

    private static ChatResponse with(ChatResponse answer, List<Choice> choices, Usage usage) {
        return new ChatResponse(answer.id(), answer.model(), choices, usage, answer.requestId(), answer.serviceTier());
    }

    private static Choice at(int index, Choice choice) {
        return choice.index() == index
                ? choice
                : new Choice(index, choice.parts(), choice.finishReason(), choice.providerReason(), choice.logprobs());
    }
}
