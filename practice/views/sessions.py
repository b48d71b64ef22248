from django.http import Http404


def session_list(request, **kwargs):
    raise Http404


def log(request, **kwargs):
    raise Http404


def detail(request, **kwargs):
    raise Http404


def edit(request, **kwargs):
    raise Http404


def delete(request, **kwargs):
    raise Http404
