from django.http import Http404


def timer(request, **kwargs):
    raise Http404


def start(request, **kwargs):
    raise Http404


def pause(request, **kwargs):
    raise Http404


def resume(request, **kwargs):
    raise Http404


def finish(request, **kwargs):
    raise Http404


def discard(request, **kwargs):
    raise Http404


def ping(request, **kwargs):
    raise Http404
