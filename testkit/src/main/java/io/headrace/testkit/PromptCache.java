package io.headrace.testkit;

import io.headrace.testkit.AnthropicPrompt.Border;
import io.headrace.testkit.AnthropicPrompt.Mark;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a provider keeps of marked prompts: a prompt reads the longest start that an earlier one left, and writes what follows up
 * to its last mark. Nothing is too short to be kept, and only the oldest of very many is forgotten. Thread-safe.
 */
final class PromptCache {

    /**
     * How the tokens of one prompt divide.
     *
     * @param input neither read nor written
     */
    record Use(int input, int read, int shortWrite, int longWrite) {}

    private static final int KEPT = 10_000;

    private final Map<Long, Boolean> kept = new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
            return size() > KEPT;
        }
    };

    synchronized Use use(AnthropicPrompt prompt) {
        List<Border> borders = prompt.borders();
        int end = lastMark(borders);
        int read = kept(prompt);
        int done = read;
        int shortWrite = 0;
        int longWrite = 0;
        for (Border border : borders.subList(0, end + 1)) {
            if (border.mark() != Mark.NONE) {
                kept.put(border.digest(), true);
                int more = Math.max(0, border.tokens() - done);
                shortWrite += border.mark() == Mark.SHORT ? more : 0;
                longWrite += border.mark() == Mark.LONG ? more : 0;
                done += more;
            }
        }
        return new Use(prompt.tokens() - done, read, shortWrite, longWrite);
    }

    /** How many tokens of a prompt would be read now. */
    synchronized int kept(AnthropicPrompt prompt) {
        List<Border> borders = prompt.borders();
        for (int i = lastMark(borders); i >= 0; i--) {
            if (kept.get(borders.get(i).digest()) != null) {
                return borders.get(i).tokens();
            }
        }
        return 0;
    }

    private static int lastMark(List<Border> borders) {
        int last = borders.size() - 1;
        while (last >= 0 && borders.get(last).mark() == Mark.NONE) {
            last--;
        }
        return last;
    }
}
