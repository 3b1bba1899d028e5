package io.headrace.benchmarks.gate;

import io.headrace.model.ChatRequest;
import java.util.Random;
import java.util.function.Supplier;

/** Requests of uneven sizes, the same for the same seed. Thread-safe. */
final class Requests implements Supplier<ChatRequest> {

    private static final String[] WORDS = {
        "river", "the", "mill", "of", "wheel", "turns", "slowly", "and", "a", "miller", "grinds", "corn", "every",
        "morning"
    };

    private final String model;
    private final int minWords;
    private final int maxWords;
    private final int outputTokens;
    private final Random random;

    /**
     * @param minWords of a prompt at the least; sizes are spread evenly
     * @param maxWords of a prompt at the most
     * @param outputTokens that an answer may have
     */
    Requests(String model, int minWords, int maxWords, int outputTokens, long seed) {
        this.model = model;
        this.minWords = minWords;
        this.maxWords = maxWords;
        this.outputTokens = outputTokens;
        this.random = new Random(seed);
    }

    @Override
    public ChatRequest get() {
        int words = minWords + random.nextInt(maxWords - minWords + 1);
        StringBuilder text = new StringBuilder().append(random.nextInt(1_000_000_000));
        for (int i = 1; i < words; i++) {
            text.append(' ').append(WORDS[random.nextInt(WORDS.length)]);
        }
        return ChatRequest.builder(model)
                .user(text.toString())
                .maxOutputTokens(outputTokens)
                .build();
    }
}
