package io.headrace.testkit;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The words that speak for each category that the simulator knows, from {@code lexicons.txt}. Immutable. */
final class Lexicons {

    /**
     * @param name the category
     * @param names the words by which a prompt may call it, the name included
     * @param words what speaks for it
     */
    record Lexicon(String name, Set<String> names, Set<String> words) {}

    static final List<Lexicon> ALL = load();

    private static final Set<String> WORDS = allWords();

    private Lexicons() {}

    /** Whether the word, in its basic form, speaks for any category. */
    static boolean knows(String word) {
        return WORDS.contains(word);
    }

    /** The words that speak for {@code category}: its own name and the lexicons that its name calls. */
    static Set<String> wordsFor(String category) {
        Set<String> words = new HashSet<>();
        for (String word : Words.of(category)) {
            words.add(word);
            for (Lexicon lexicon : ALL) {
                if (lexicon.names().contains(word)) {
                    words.addAll(lexicon.words());
                }
            }
        }
        return words;
    }

    private static List<Lexicon> load() {
        List<Lexicon> lexicons = new ArrayList<>();
        for (String line : Words.lines("lexicons.txt")) {
            if (line.startsWith("#")) {
                continue;
            }
            int equals = line.indexOf('=');
            Set<String> names = basicForms(line.substring(0, equals));
            Set<String> words = new HashSet<>(names);
            words.addAll(basicForms(line.substring(equals + 1)));
            lexicons.add(new Lexicon(line.substring(0, line.indexOf(' ')), names, words));
        }
        return List.copyOf(lexicons);
    }

    private static Set<String> basicForms(String words) {
        return Stream.of(words.trim().split(" +", -1)).map(Words::basicForm).collect(Collectors.toSet());
    }

    private static Set<String> allWords() {
        Set<String> words = new HashSet<>();
        ALL.forEach(lexicon -> words.addAll(lexicon.words()));
        return words;
    }
}
