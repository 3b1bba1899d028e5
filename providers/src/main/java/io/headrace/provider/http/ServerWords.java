package io.headrace.provider.http;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes a server's words fit for an exception: one short line without markup, without the key, without the prompt. */
final class ServerWords {

    private static final int LONGEST = 500;

    /** What stands behind is not looked at: a server may send megabytes, in which to look for markup takes for ever. */
    private static final int LOOKED_AT = 8 << 10;

    /** Characters in a row that, standing in a prompt too, give away that the server repeats it. */
    private static final int ECHO = 16;

    private static final String CUT = "[...]";

    /** Stands for prompts that are not at hand: then nothing long that the server quotes is shown. */
    static final List<String> UNKNOWN_PROMPTS = List.of("");

    private static final Pattern QUOTED =
            Pattern.compile("'[^']{" + ECHO + ",}(?:'|$)|\"[^\"]{" + ECHO + ",}(?:\"|$)|`[^`]{" + ECHO + ",}(?:`|$)");

    private static final Pattern TITLE =
            Pattern.compile("<title[^>]*>(.*?)</title>", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    private static final Pattern MARKUP = Pattern.compile("<(script|style)\\b.*?</\\1>|<[^>]*>", Pattern.DOTALL);
    private static final Pattern BLANKS = Pattern.compile("[\\s\\p{Cntrl}]+");

    private ServerWords() {}

    static String of(String text, Secret key, List<String> prompts) {
        String start = key.strikeFrom(text); // before it is cut, perhaps within the key
        start = start.substring(0, Math.min(start.length(), LOOKED_AT));
        String words = BLANKS.matcher(isHtml(start) ? withoutMarkup(start) : start)
                .replaceAll(" ")
                .trim();
        words = key.strikeFrom(words);
        if (prompts == UNKNOWN_PROMPTS) {
            words = QUOTED.matcher(words).replaceAll(CUT);
        }
        if (words.length() > LONGEST) {
            words = words.substring(0, LONGEST) + "...";
        }
        return withoutEcho(words, prompts);
    }

    private static boolean isHtml(String text) {
        return text.stripLeading().startsWith("<");
    }

    private static String withoutMarkup(String html) {
        Matcher title = TITLE.matcher(html);
        if (title.find()) {
            return title.group(1);
        }
        int end = html.lastIndexOf('>') + 1; // no markup ends behind it, and it would be looked for from each <
        return MARKUP.matcher(html.substring(0, end)).replaceAll(" ") + html.substring(end);
    }

    /**
     * Takes out what also stands in a prompt. Windows that overlap by half are looked up, so a repeated passage of one and a
     * half windows is found wherever it starts, at the price of few searches even in a long prompt.
     */
    private static String withoutEcho(String words, List<String> prompts) {
        String kept = words;
        for (String prompt : prompts) {
            if (prompt.length() >= ECHO / 2) {
                kept = withoutEcho(kept, prompt);
            }
        }
        return kept;
    }

    private static String withoutEcho(String words, String prompt) {
        String kept = prompt.length() < 2 * ECHO ? words.replace(prompt, CUT) : words;
        int from = 0;
        while (from + ECHO <= kept.length()) {
            int found = prompt.indexOf(kept.substring(from, from + ECHO));
            if (found < 0) {
                from += ECHO / 2;
                continue;
            }
            int start = from;
            while (start > 0 && found > 0 && kept.charAt(start - 1) == prompt.charAt(found - 1)) {
                start--;
                found--;
            }
            int end = start;
            while (end < kept.length() && found < prompt.length() && kept.charAt(end) == prompt.charAt(found)) {
                end++;
                found++;
            }
            kept = kept.substring(0, start) + CUT + kept.substring(end);
            from = start + CUT.length();
        }
        return kept;
    }
}
