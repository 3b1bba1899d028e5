package io.headrace.cache;

import java.util.List;

/**
 * What a check of all answers found.
 *
 * @param sound answers whose checksum is right and that their operation's codec can read
 * @param unread answers whose checksum is right and whose operation is not known here, so that nobody read them
 * @param bad records that are damaged or that the codec cannot read
 * @param problems the first hundred of what is wrong, with nothing of the content; not empty if anything is
 */
public record CacheCheck(long sound, long unread, long bad, List<String> problems) {

    public CacheCheck {
        problems = List.copyOf(problems);
    }

    /** Whether nothing is wrong. */
    public boolean isSound() {
        return bad == 0 && problems.isEmpty();
    }
}
