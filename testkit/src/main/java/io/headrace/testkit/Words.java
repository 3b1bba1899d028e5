package io.headrace.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Cuts English text into words in their basic form: lower case, singular, {@code $} read as {@code dollar}. Stateless. */
final class Words {

    private static final int LONGEST_STOP_WORD = 10;

    private static final Set<String> STOP_WORDS = stopWords();

    private static final Map<String, String> IRREGULAR = Map.ofEntries(
            Map.entry("children", "child"),
            Map.entry("men", "man"),
            Map.entry("women", "woman"),
            Map.entry("feet", "foot"),
            Map.entry("teeth", "tooth"),
            Map.entry("mice", "mouse"),
            Map.entry("geese", "goose"),
            Map.entry("leaves", "leaf"),
            Map.entry("loaves", "loaf"),
            Map.entry("knives", "knife"),
            Map.entry("wives", "wife"),
            Map.entry("lives", "life"),
            Map.entry("series", "series"),
            Map.entry("species", "species"),
            Map.entry("movies", "movie"),
            Map.entry("cookies", "cookie"),
            Map.entry("news", "news"),
            Map.entry("lens", "lens"),
            Map.entry("james", "james"),
            Map.entry("charles", "charles"),
            Map.entry("thomas", "thomas"),
            Map.entry("carlos", "carlos"),
            Map.entry("texas", "texas"),
            Map.entry("christmas", "christmas"));

    private Words() {}

    /** All words of {@code text} but stop words, in order, in their basic form. */
    static List<String> of(String text) {
        List<String> words = new ArrayList<>();
        int length = text.length();
        int i = 0;
        while (i < length) {
            char c = text.charAt(i);
            if (c == '$') {
                words.add("dollar");
            }
            if (!Character.isLetter(c)) {
                i++;
                continue;
            }
            int start = i;
            while (i < length && (Character.isLetter(text.charAt(i)) || isApostrophe(text, i))) {
                i++;
            }
            add(words, text.substring(start, i));
        }
        return words;
    }

    /** The lines of a file beside this class. */
    static List<String> lines(String resource) {
        try (InputStream in = Words.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("the resource " + resource + " is missing beside " + Words.class);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void add(List<String> words, String raw) {
        String word = raw.toLowerCase(Locale.ROOT).replace('\u2019', '\'');
        if (word.length() < 2 || isStopWord(word)) {
            return;
        }
        String basic = basicForm(word);
        if (!isStopWord(basic)) {
            words.add(basic);
        }
    }

    /** The word without possessive and plural. */
    static String basicForm(String lowerCase) {
        String word = lowerCase.endsWith("'s") ? lowerCase.substring(0, lowerCase.length() - 2) : lowerCase;
        word = word.endsWith("'") ? word.substring(0, word.length() - 1) : word;
        String irregular = IRREGULAR.get(word);
        if (irregular != null) {
            return irregular;
        }
        int length = word.length();
        if (length < 4 || !word.endsWith("s") || endsWithAny(word, "ss", "us", "is", "ics")) {
            return word;
        }
        if (word.endsWith("ies") && length > 4) {
            return word.substring(0, length - 3) + "y";
        }
        if (endsWithAny(word, "sses", "shes", "ches", "xes", "oes")) {
            return word.substring(0, length - 2);
        }
        return word.substring(0, length - 1);
    }

    private static boolean isStopWord(String word) {
        return word.length() <= LONGEST_STOP_WORD && STOP_WORDS.contains(word);
    }

    private static boolean isApostrophe(String text, int i) {
        char c = text.charAt(i);
        return (c == '\'' || c == '\u2019') && i + 1 < text.length() && Character.isLetter(text.charAt(i + 1));
    }

    private static boolean endsWithAny(String word, String... ends) {
        for (String end : ends) {
            if (word.endsWith(end)) {
                return true;
            }
        }
        return false;
    }

    private static Set<String> stopWords() {
        Set<String> words = new HashSet<>();
        for (String line : lines("stop-words.txt")) {
            words.addAll(List.of(line.trim().split(" +", -1)));
        }
        return words;
    }
}
