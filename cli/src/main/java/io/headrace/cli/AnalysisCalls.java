package io.headrace.cli;

import io.headrace.Call;
import io.headrace.admission.Budget;
import io.headrace.admission.Gate;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.ResponseCache;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import org.jspecify.annotations.Nullable;

/**
 * The calls of an analysis, and what they share.
 *
 * @param steps what the steps ask, by way of {@code queue} if there is one
 * @param online what the summary asks, which cannot wait for a batch
 * @param queue where calls wait for batches; null online
 * @param cap what may be spent; null for no bound
 */
record AnalysisCalls(
        Call<ChatRequest, ChatResponse> steps,
        Call<ChatRequest, ChatResponse> online,
        Gate gate,
        @Nullable BatchQueue queue,
        @Nullable Budget cap) {

    static AnalysisCalls of(
            Backend backend, ResponseCache cache, Gate gate, @Nullable BatchQueue queue, @Nullable Budget cap) {
        Call<ChatRequest, ChatResponse> online =
                CallStack.chat(backend.chat()).cache(cache).gate(gate).build();
        Call<ChatRequest, ChatResponse> steps = queue == null
                ? online
                : CallStack.chat(backend.chat())
                        .cache(cache)
                        .gate(gate)
                        .batches(queue, backend.batches())
                        .build();
        return new AnalysisCalls(steps, online, gate, queue, cap);
    }
}
