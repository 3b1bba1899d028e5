package io.headrace.batch;

import io.headrace.Fingerprint;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What a request is called in its batch: fingerprint, sample, the tag of its pack and its position there, so that a result says by
 * itself what it answers and whose it is. {@code base64url(fingerprint)_SAMPLE_TAGPOSITION}, numbers to the base 36: at most 64
 * characters.
 *
 * @param tag of the pack, {@link #TAG_LENGTH} characters
 * @param position in the pack, from 0, below {@link #POSITIONS}
 */
record CustomId(Fingerprint fingerprint, int sample, String tag, int position) {

    static final int TAG_LENGTH = 8;

    /** More requests than that no pack may hold: 36 to the power of 5. */
    static final int POSITIONS = 60_466_176;

    private static final int RADIX = 36;
    private static final int FINGERPRINT_LENGTH = 43;
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

    @Override
    public String toString() {
        return ENCODER.encodeToString(fingerprint.toBytes()) + "_" + Integer.toString(sample, RADIX) + "_" + tag
                + Integer.toString(position, RADIX);
    }

    /** Null for an id that no pack gives. */
    static @Nullable CustomId parse(String id) {
        int end = id.indexOf('_', FINGERPRINT_LENGTH + 1);
        if (id.length() <= FINGERPRINT_LENGTH
                || id.charAt(FINGERPRINT_LENGTH) != '_'
                || end < 0
                || id.length() <= end + 1 + TAG_LENGTH) {
            return null;
        }
        try {
            byte[] sha256 = Base64.getUrlDecoder().decode(id.substring(0, FINGERPRINT_LENGTH));
            int sample = Integer.parseInt(id.substring(FINGERPRINT_LENGTH + 1, end), RADIX);
            String tag = id.substring(end + 1, end + 1 + TAG_LENGTH);
            int position = Integer.parseInt(id.substring(end + 1 + TAG_LENGTH), RADIX);
            CustomId read = new CustomId(Fingerprint.of(sha256), sample, tag, position);
            return read.toString().equals(id) ? read : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
