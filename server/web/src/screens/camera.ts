/**
 * Reading QR codes with the browser's own detector, where there is one. Owns the camera while it is read from and gives it
 * back at once; no picture is kept or sent.
 */

interface Detected {
  readonly rawValue: string;
}
interface Detector {
  detect(source: HTMLVideoElement): Promise<readonly Detected[]>;
}
type DetectorClass = new (options: { formats: readonly string[] }) => Detector;

declare global {
  interface Window {
    readonly BarcodeDetector?: DetectorClass;
  }
}

/** Milliseconds between two looks at the picture: quick enough for a hand, and an old phone stays cool. */
const LOOK_MILLIS = 150;

/** Whether this browser can read codes with a camera. */
export function canScan(): boolean {
  return "BarcodeDetector" in window && "mediaDevices" in navigator;
}

/**
 * Shows the back camera in `video` and calls `found` with the text of each code that comes into sight. Resolves with how
 * to stop; rejects when the camera is refused or missing.
 */
export async function scan(video: HTMLVideoElement, found: (text: string) => void): Promise<() => void> {
  const Class = window.BarcodeDetector;
  if (!Class) throw new Error("this browser reads no codes");
  const detector = new Class({ formats: ["qr_code"] });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  const look = async () => {
    // A frame that cannot be read (not there yet, blurred) is looked at no more; the next one comes.
    const codes = await detector.detect(video).catch(() => []);
    if (stopped) return;
    for (const code of codes) found(code.rawValue);
    if (!stopped) timer = setTimeout(() => void look(), LOOK_MILLIS);
  };
  video.srcObject = stream;
  try {
    await video.play();
  } catch (error) {
    stop();
    throw error;
  }
  void look();
  return stop;
}
