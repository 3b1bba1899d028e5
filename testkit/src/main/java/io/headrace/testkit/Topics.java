package io.headrace.testkit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Finds what a text is about, by the frequency of its words. Stateless. */
final class Topics {

    private Topics() {}

    /**
     * The most frequent words but stop words, best first: a word that a category's lexicon knows counts twice, and of equal
     * words the earlier one wins. Fewer than {@code limit} for short texts.
     */
    static List<String> of(String text, int limit) {
        Map<String, int[]> counts = new LinkedHashMap<>();
        for (String word : Words.of(text)) {
            counts.computeIfAbsent(word, key -> new int[1])[0]++;
        }
        List<Map.Entry<String, int[]>> words = new ArrayList<>(counts.entrySet());
        for (Map.Entry<String, int[]> word : words) {
            if (Lexicons.knows(word.getKey())) {
                word.getValue()[0] *= 2;
            }
        }
        // the sort is stable: equal words stay in the order of the text
        words.sort(Comparator.comparingInt(word -> -word.getValue()[0]));
        return words.stream().limit(limit).map(Map.Entry::getKey).toList();
    }
}
