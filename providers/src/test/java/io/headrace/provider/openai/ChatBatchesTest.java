package io.headrace.provider.openai;

import io.headrace.batch.BatchApi;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.testkit.BatchApiContract;
import io.headrace.testkit.SimulatedProvider;
import java.util.List;
import reactor.core.publisher.Mono;

class ChatBatchesTest extends BatchApiContract<ChatRequest, ChatResponse> {

    private OpenAi openAi = OpenAi.builder().apiKey("none").build();

    @Override
    protected BatchApi<ChatRequest, ChatResponse> connect(SimulatedProvider provider, String key) {
        openAi =
                OpenAi.builder().baseUrl(provider.baseUrl() + "/v1").apiKey(key).build();
        return openAi.chatBatches();
    }

    @Override
    protected void disconnect() {
        openAi.close();
    }

    @Override
    protected ChatRequest request(String text) {
        return ChatRequest.builder("gpt-4o-mini").user(text).build();
    }

    @Override
    protected ChatRequest badRequest() {
        return request("duck").toBuilder().extra("messages", List.of()).build();
    }

    @Override
    protected Mono<ChatResponse> online(ChatRequest request) {
        return openAi.chat().apply(request);
    }

    @Override
    protected Object content(ChatResponse answer) {
        return List.of(
                answer.text(),
                answer.model(),
                answer.usage(),
                answer.requestId().isEmpty());
    }

    @Override
    protected String path() {
        return "/v1/batches";
    }

    @Override
    protected boolean uploadsFiles() {
        return true;
    }
}
