package io.headrace.model;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;

/** The content of an image or a document: its bytes, or where the provider finds them. */
public sealed interface Media {

    static Media of(String mediaType, byte[] bytes) {
        return new Data(mediaType, bytes);
    }

    /** Plain text, such as a document. */
    static Media text(String text) {
        return new Data("text/plain", text.getBytes(StandardCharsets.UTF_8));
    }

    static Media url(String url) {
        return new Url(url);
    }

    /**
     * Bytes that are sent with the request. The array is not copied: neither side may change it.
     *
     * @param mediaType such as {@code image/png} or {@code application/pdf}
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by content below
    record Data(String mediaType, byte[] bytes) implements Media {

        /**
         * @throws IllegalArgumentException without a media type or without bytes
         */
        public Data {
            if (mediaType.isBlank() || bytes.length == 0) {
                throw new IllegalArgumentException("data needs a media type and at least one byte, not '" + mediaType
                        + "' and " + bytes.length + " bytes");
            }
        }

        /** The bytes in standard Base64, as most providers want them. */
        public String base64() {
            return Base64.getEncoder().encodeToString(bytes);
        }

        /** {@code data:image/png;base64,...}, for providers that take everything as a URL. */
        public String dataUrl() {
            return "data:" + mediaType + ";base64," + base64();
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Data data && mediaType.equals(data.mediaType) && Arrays.equals(bytes, data.bytes);
        }

        @Override
        public int hashCode() {
            return 31 * mediaType.hashCode() + Arrays.hashCode(bytes);
        }

        /** Type and size only. */
        @Override
        public String toString() {
            return "Data[" + mediaType + ", " + bytes.length + " bytes]";
        }
    }

    /** An address that the provider fetches. A cached answer is filed under the address, whatever it leads to later. */
    record Url(String url) implements Media {

        public Url {
            Objects.requireNonNull(url, "url");
        }

        /** Length only: addresses may carry signatures. */
        @Override
        public String toString() {
            return "Url[" + url.length() + " characters]";
        }
    }
}
