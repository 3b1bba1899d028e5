package io.headrace.provider.anthropic;

import io.headrace.batch.BatchApi;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.testkit.BatchApiContract;
import io.headrace.testkit.SimulatedProvider;
import java.util.List;
import reactor.core.publisher.Mono;

class MessageBatchesTest extends BatchApiContract<ChatRequest, ChatResponse> {

    private Anthropic anthropic = Anthropic.builder().apiKey("none").build();

    @Override
    protected BatchApi<ChatRequest, ChatResponse> connect(SimulatedProvider provider, String key) {
        anthropic = Anthropic.builder().baseUrl(provider.baseUrl()).apiKey(key).build();
        return anthropic.chatBatches();
    }

    @Override
    protected void disconnect() {
        anthropic.close();
    }

    @Override
    protected ChatRequest request(String text) {
        return ChatRequest.builder("claude-sonnet-4-5")
                .user(text)
                .maxOutputTokens(100)
                .build();
    }

    @Override
    protected ChatRequest badRequest() {
        return request("duck").toBuilder().extra("max_tokens", 0).build();
    }

    @Override
    protected Mono<ChatResponse> online(ChatRequest request) {
        return anthropic.chat().apply(request);
    }

    @Override
    protected Object content(ChatResponse answer) {
        return List.of(answer.text(), answer.model(), answer.usage());
    }

    @Override
    protected String path() {
        return "/v1/messages/batches";
    }

    @Override
    protected boolean uploadsFiles() {
        return false;
    }
}
