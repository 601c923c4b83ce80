import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { instancePath } from '../../dicomweb/client';
import { number, TAG, text } from '../../dicomweb/dataset';
import { ViewerError } from '../../dicomweb/errors';
import { frameRate } from '../../dicomweb/stack';
import { Choice, InstanceChoice, Push, Switch } from '../controls';
import { useAddress, useInstances, useLoaded } from '../instances';
import { useKeys } from '../keys';
import '../objects.css';
import type { ObjectProps } from '../registry';
import { to } from '../texts';
import { frameAt, stepped } from './frames';

const SPEEDS = [0.25, 0.5, 1, 1.5, 2] as const;
const DEFAULT_RATE = 25;
/** The whole film is held by the tab: a `<video>` that asks the server itself cannot send the ticket in a header. */
export const MAX_BYTES = 512 * 2 ** 20;

/** A film as it is stored, played by the browser. */
export default function Video(props: ObjectProps) {
  const { client, study, series, onError } = props;
  const datasets = useInstances(props);
  const [index, setIndex] = useState(0);
  const [progress, setProgress] = useState(0);
  const dataset = datasets?.[index];
  const film = useLoaded(
    async (signal) => {
      if (!dataset) return null;
      setProgress(0);
      const path = instancePath(study.uid, series.uid, text(dataset, TAG.sopInstance));
      // Chromium tells by the file itself; what it cannot play ends in the element's error.
      return client.video(path, MAX_BYTES, setProgress, signal);
    },
    [dataset],
    onError,
  );
  const address = useAddress(film);
  if (!dataset || address === null) return <p class="waiting" data-testid="video-loading">{to('video.loading', { value: Math.floor(progress * 100) })}</p>;
  return (
    <div class="video" data-testid="video">
      <Film
        key={address}
        address={address}
        rate={frameRate(dataset) ?? DEFAULT_RATE}
        frames={number(dataset, TAG.frames) ?? 0}
        onUnplayable={() => { onError(new ViewerError('object_invalid', to('video.unplayable', { syntax: text(dataset, TAG.availableTransferSyntax) }))); }}
      >
        <InstanceChoice label={(at, count) => to('object.instance', { number: at, count })} count={datasets.length} index={index} onChange={setIndex} />
      </Film>
    </div>
  );
}

interface FilmProps {
  address: string;
  /** Frames a second. */
  rate: number;
  frames: number;
  onUnplayable: () => void;
  children: ComponentChildren;
}

function Film({ address, rate, frames, onUnplayable, children }: FilmProps) {
  const element = useRef<HTMLVideoElement>(null);
  const [speed, setSpeed] = useState<number>(1);
  const [loop, setLoop] = useState(false);
  const [time, setTime] = useState(0);
  const [playing, setPlaying] = useState(false);
  const film = (use: (video: HTMLVideoElement) => void) => {
    if (element.current) use(element.current);
  };
  const toggle = () => { film((video) => { if (video.paused) void video.play(); else video.pause(); }); };
  const step = (delta: number) => {
    film((video) => {
      video.pause();
      const wanted = stepped(video.currentTime, delta, rate);
      video.currentTime = Math.min(Math.max(wanted, 0), Math.max(video.duration - 0.5 / rate, 0));
    });
  };
  const show = () => { film((video) => { void video.requestFullscreen(); }); };
  useEffect(() => {
    film((video) => { video.playbackRate = speed; });
  }, [speed]);
  useKeys(element, { ' ': toggle, ArrowLeft: () => { step(-1); }, ArrowRight: () => { step(1); } });
  return (
    <>
      <div class="video-picture" onClick={toggle}>
        <video
          ref={element}
          src={address}
          loop={loop}
          playsInline
          disableRemotePlayback
          data-testid="video-element"
          onTimeUpdate={() => { film((video) => { setTime(video.currentTime); }); }}
          onPlay={() => { setPlaying(true); }}
          onPause={() => { setPlaying(false); }}
          onError={onUnplayable}
        />
      </div>
      <input
        type="range"
        aria-label={to('video.position')}
        data-testid="video-position"
        min={0}
        max={element.current?.duration || frames / rate}
        step={1 / rate}
        value={time}
        onInput={(event) => {
          const wanted = event.currentTarget.valueAsNumber;
          film((video) => { video.currentTime = wanted; });
        }}
      />
      <div class="object-bar" role="toolbar">
        <div class="choice">
          <Push name="video-back" label={to('video.back')} onPress={() => { step(-1); }}>◂❙</Push>
          <Push name="video-play" label={playing ? to('video.pause') : to('video.play')} onPress={toggle} />
          <Push name="video-forward" label={to('video.forward')} onPress={() => { step(1); }}>❙▸</Push>
        </div>
        <output data-testid="video-frame">{to('video.frame', { number: frameAt(time, rate) + 1, count: frames || '—' })}</output>
        <Choice label={to('video.speed')} name="video-speed" values={SPEEDS} value={speed} text={(value) => `${value}×`} onChange={setSpeed} />
        <div class="choice">
          <Switch name="video-loop" on={loop} onChange={setLoop}>{to('video.loop')}</Switch>
          <Push name="video-full" label={to('video.full')} onPress={show} />
        </div>
        {children}
      </div>
    </>
  );
}
