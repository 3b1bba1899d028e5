package io.headrace.cache.rocksdb;

import io.headrace.Fingerprint;
import java.util.Arrays;

/**
 * Answers that may be in the database, if it was empty before the first of them: to look here takes a twentieth of asking the
 * filters of the tables. It takes 2 to 4 bytes an answer, is wrong about one absent answer in fifty or so, and knows nothing any more
 * beyond 4 million.
 *
 * <p>One thread adds at a time. Others see what was added before they entered a monitor that the adding thread has left since.
 */
final class KeyFilter {

    private static final int FIRST_WORDS = 1 << 14;
    private static final int KEYS_PER_WORD = 4;
    private static final int MAX_LAYERS = 6;

    /** Each has twice as many words as the one before; a key sets four bits of one word in the last there is. */
    private volatile long[][] layers = {new long[FIRST_WORDS]};

    private int room = FIRST_WORDS * KEYS_PER_WORD;
    private volatile boolean full;

    void add(Fingerprint key, int sample) {
        if (room == 0) {
            grow();
        }
        if (!full) {
            long[] last = layers[layers.length - 1];
            last[word(key, sample, last)] |= bits(key);
            room--;
        }
    }

    boolean mayHave(Fingerprint key, int sample) {
        if (full) {
            return true;
        }
        long bits = bits(key);
        for (long[] layer : layers) {
            if ((layer[word(key, sample, layer)] & bits) == bits) {
                return true;
            }
        }
        return false;
    }

    private void grow() {
        int count = layers.length;
        if (count == MAX_LAYERS) {
            full = true;
            return;
        }
        long[][] more = Arrays.copyOf(layers, count + 1);
        more[count] = new long[FIRST_WORDS << count];
        room = more[count].length * KEYS_PER_WORD;
        layers = more;
    }

    // fingerprints are random bits already

    private static int word(Fingerprint key, int sample, long[] layer) {
        return (int) key.b() + sample & layer.length - 1;
    }

    private static long bits(Fingerprint key) {
        long c = key.c();
        return 1L << c | 1L << (c >>> 6) | 1L << (c >>> 12) | 1L << (c >>> 18);
    }
}
