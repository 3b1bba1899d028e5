package io.headrace.provider.http;

import io.headrace.ErrorKind;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.compression.DecompressionException;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.proxy.ProxyConnectException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.timeout.ReadTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/**
 * What broke an exchange, read off the exception of the transport.
 *
 * @param what in words that say what to do about it
 * @param isTransient whether the same request may succeed later
 * @param isMidway whether it may break an answer off, so that it matters how far that came
 */
record Breakdown(ErrorKind kind, String what, boolean isTransient, boolean isMidway) {

    /** Netty's words for an answer that is not HTTP/2; what follows them is the server's bytes. */
    private static final String NO_HTTP2 = "First received frame was not SETTINGS";

    /** How Netty names the system call that failed, before the system's own words. */
    private static final Pattern SYSTEM_CALL = Pattern.compile("^\\w+\\(\\.\\.\\) failed with error\\(-\\d+\\): ");

    /** What a proxy said, at the end of Netty's words. */
    private static final Pattern PROXY_STATUS = Pattern.compile(", status: (\\d{3}.*)$");

    static Breakdown of(Throwable error) {
        String words = words(error);
        if (error instanceof ResponseWatch.ResponseTimeoutException || error instanceof ReadTimeoutException) {
            return midway(ErrorKind.TIMEOUT, words);
        }
        if (error instanceof TimeoutException) {
            return passing(
                    ErrorKind.TRANSPORT, "no connection was free in time: maxConnections is below the concurrency");
        }
        if (error instanceof StreamRefusal.StreamRefusedException) {
            return passing(ErrorKind.TRANSPORT, words);
        }
        if (error instanceof BodyLimits.BodyTooLongException tooLong) {
            return new Breakdown(ErrorKind.MALFORMED_RESPONSE, words, tooLong.isTransient(), false);
        }
        if (isUntrusted(error)) {
            return lasting("the server's certificate is not trusted: " + words
                    + "; check the base URL, or trust it by HttpTransport.Builder.trust");
        }
        if (causedBy(NotSslRecordException.class, error)) { // its message is the server's bytes
            return lasting("the server does not speak TLS on this port: check the base URL, https or http");
        }
        if (error instanceof Http2Exception && words.startsWith(NO_HTTP2)) {
            return lasting(
                    "the server does not speak HTTP/2 without TLS: leave http2WithoutTls out, or check the base URL");
        }
        if (error instanceof ProxyConnectException) {
            return ofProxy(words);
        }
        if (error instanceof UnresolvedAddressException) { // of any other host it is told by name
            return passing(ErrorKind.TRANSPORT, "the name of the proxy is unknown");
        }
        if (causedBy(DecompressionException.class, error)) {
            return passing(ErrorKind.MALFORMED_RESPONSE, "the answer cannot be unpacked: " + words);
        }
        if ((error instanceof DecoderException && !(error.getCause() instanceof SSLException))
                || error instanceof IllegalArgumentException) {
            return passing(
                    ErrorKind.MALFORMED_RESPONSE,
                    "the answer is not HTTP: " + words + "; check the base URL, its port and http or https");
        }
        if (FileDescriptors.areUsedUp(error)) {
            words += "; raise the limit of file descriptors (ulimit -n), lower the concurrency, or use HTTP/2";
        }
        return midway(ErrorKind.TRANSPORT, error instanceof UnknownHostException ? "unknown host: " + words : words);
    }

    private static Breakdown ofProxy(String words) {
        Matcher status = PROXY_STATUS.matcher(words);
        String why = status.find() ? status.group(1) : words;
        boolean isTransient = !why.startsWith("4"); // such as 407: it wants other credentials
        return new Breakdown(ErrorKind.TRANSPORT, "the proxy does not connect: " + why, isTransient, false);
    }

    private static Breakdown midway(ErrorKind kind, String what) {
        return new Breakdown(kind, what, true, true);
    }

    private static Breakdown passing(ErrorKind kind, String what) {
        return new Breakdown(kind, what, true, false);
    }

    /** It takes another setting. */
    private static Breakdown lasting(String what) {
        return new Breakdown(ErrorKind.TRANSPORT, what, false, false);
    }

    private static boolean isUntrusted(Throwable error) {
        return causedBy(CertificateException.class, error)
                || causedBy(CertPathValidatorException.class, error)
                || causedBy(CertPathBuilderException.class, error);
    }

    private static boolean causedBy(Class<? extends Throwable> type, Throwable error) {
        for (Throwable t = error; t != null; t = t.getCause()) {
            if (type.isInstance(t)) {
                return true;
            }
        }
        return false;
    }

    private static String words(Throwable error) {
        String message = error.getMessage();
        return message == null || message.isBlank()
                ? error.getClass().getSimpleName()
                : SYSTEM_CALL.matcher(message).replaceFirst("").trim();
    }
}
